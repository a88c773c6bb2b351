"""Curve LLAMMA v2: the exponential and the logarithm that its bands are spaced by.

Source: curvefi/curve-stablecoin, commit cf1d05fb, curve_stablecoin/AMM.vy, which takes both from
pcaversaccio/snekmate, src/snekmate/utils/math.vy; the rational approximations are by Remco Bloemen
(2π.com/22/exp-ln, MIT). They are not the correctly floored values of `trimtab.units`: the last
digits differ, and bands are those of the contract. Right shifts floor, as in the EVM.
"""

from __future__ import annotations

from typing import Final

from trimtab.units import NumberError, div_down

_EXP_UNDERFLOW: Final = -41_446_531_673_892_822_313
_EXP_OVERFLOW: Final = 135_305_999_368_893_231_589
_FIVE_18: Final = 5**18

# Coefficients with 96 bits of fraction, highest power first; the leading one is implied.
_EXP_NUMERATOR: Final = (
    1_346_386_616_545_796_478_920_950_773_328,
    57_155_421_227_552_351_082_224_309_758_442,
)
_EXP_DENOMINATOR: Final = (
    -2_855_989_394_907_223_263_936_484_059_900,
    50_020_603_652_535_783_019_961_831_881_945,
    -533_845_033_583_426_703_283_633_433_725_380,
    3_604_857_256_930_695_427_073_651_918_091_429,
    -14_423_608_567_350_463_180_887_372_962_807_573,
    26_449_188_498_355_588_339_934_803_723_976_023,
)
_EXP_MIDDLE: Final = -94_201_549_194_550_492_254_356_042_504_812
_EXP_LINEAR: Final = 28_719_021_644_029_726_153_956_944_680_412_240
_EXP_CONSTANT: Final = 4_385_272_521_454_847_904_659_076_985_693_276
_EXP_SCALE: Final = 3_822_833_074_963_236_453_042_738_258_902_158_003_155_416_615_667
_LN2_96: Final = 54_916_777_467_707_473_351_141_471_128

_LN_NUMERATOR: Final = (
    3_273_285_459_638_523_848_632_254_066_296,
    24_828_157_081_833_163_892_658_089_445_524,
    43_456_485_725_739_037_958_740_375_743_393,
    -11_111_509_109_440_967_052_023_855_526_967,
    -45_023_709_667_254_063_763_336_534_515_857,
    -14_706_773_417_378_608_786_704_636_184_526,
)
_LN_CONSTANT: Final = -795_164_235_651_350_426_258_249_787_498
_LN_DENOMINATOR: Final = (
    5_573_035_233_440_673_466_300_451_813_936,
    71_694_874_799_317_883_764_090_561_454_958,
    283_447_036_172_924_575_727_196_451_306_956,
    401_686_690_394_027_663_651_624_208_769_553,
    204_048_457_590_392_012_362_485_061_816_622,
    31_853_899_698_501_571_402_653_359_427_138,
    909_429_971_244_387_300_277_376_558_375,
)
_LN_SCALE: Final = 1_677_202_110_996_718_588_342_820_967_067_443_963_516_166
_LN_PER_BIT: Final = (
    16_597_577_552_685_614_221_487_285_958_193_947_469_193_820_559_219_878_177_908_093_499_208_371
)
_LN_OFFSET: Final = (
    600_920_179_829_731_861_736_702_779_321_621_459_595_472_258_049_074_101_567_377_883_020_018_308
)


def exponential_wad(x_wad: int) -> int:
    """Return e**x in wad as the contract computes it.

    Args:
        x_wad: signed, in wad.

    Raises:
        NumberError: from 135.305999368893231589 on, where the contract reverts.
    """
    if x_wad <= _EXP_UNDERFLOW:
        return 0
    if x_wad >= _EXP_OVERFLOW:
        raise NumberError(
            "the exponent is too large", found=str(x_wad), expected=f"less than {_EXP_OVERFLOW}"
        )
    # e**x = 2**k e**r with |r| <= ln(2) / 2.
    x = _div_toward_zero(x_wad << 78, _FIVE_18)
    k = (_div_toward_zero(x << 96, _LN2_96) + (1 << 95)) >> 96
    r = x - k * _LN2_96
    y = _monic(_EXP_NUMERATOR, r)
    p = (((y + r + _EXP_MIDDLE) * y >> 96) + _EXP_LINEAR) * r + (_EXP_CONSTANT << 96)
    return (_div_toward_zero(p, _monic(_EXP_DENOMINATOR, r)) * _EXP_SCALE) >> (195 - k)


def logarithm_wad(x_wad: int) -> int:
    """Return ln x in wad as the contract computes it, signed, floored; 0 for x = 0.

    Args:
        x_wad: zero or more, below 2**255.
    """
    assert 0 <= x_wad < 1 << 255, f"no logarithm here: {x_wad}"
    if x_wad == 0:
        return 0
    k = x_wad.bit_length() - 1 - 96
    x = (x_wad << (159 - k)) >> 159
    p = _monic(_LN_NUMERATOR, x) * x + (_LN_CONSTANT << 96)
    r = _div_toward_zero(p, _monic(_LN_DENOMINATOR, x))
    return (r * _LN_SCALE + k * _LN_PER_BIT + _LN_OFFSET) >> 174


def _monic(coefficients: tuple[int, ...], x: int) -> int:
    """A polynomial with leading coefficient one by Horner's rule, floored to 96 bits each step."""
    value = x + coefficients[0]
    for coefficient in coefficients[1:]:
        value = (value * x >> 96) + coefficient
    return value


def _div_toward_zero(a: int, b: int) -> int:
    magnitude = div_down(abs(a), abs(b))
    return magnitude if (a >= 0) == (b > 0) else -magnitude
