"""What a number means: fixed point with named rounding, value types, and the errors of bad input.

Scales: wad is 1e-18, ray is 1e-27, a native unit is 10**-decimals of the asset. An `Amount` counts
native units, a `Price` is wad of quote per whole unit, a `Value` wad of quote, a `Ratio` wad,
a `Rate` ray per second, a `Time` nanoseconds UTC. These products are legal and no others:

    left      with            gives     by
    Amount    Price           Value     price.value_of_down(amount), value_of_up
    Value     Price           Amount    price.amount_for_down(value), amount_for_up
    Value     Ratio           Value     value.weighted_down(ratio), weighted_up
    X + X     X - X           X         X one of Amount, Price (of one asset), Value, Ratio, Rate
    Time      Time            int ns    time - time
    Time      int ns          Time      time.later_by(nanoseconds)

and on plain integers, with `down`, `up` or `half_up` for the rounding:

    any       wad             any       wad_mul_*(a, b_wad)
    any       any, alike      wad       wad_div_*(a, b)
    any       ray             any       ray_mul_*(a, b_ray)
    any       any, alike      ray       ray_div_*(a, b)
    any       any / alike     any       mul_div_*(a, b, denominator)
    ray       count           ray       pow_ray(base_ray, exponent)

A float enters and leaves by `fixed_of` and `float_of` alone, a decimal text by `parse_decimal` and
`format_decimal`.
"""

from trimtab.units.black76 import OptionValue, black76_value_wad, black76_wad
from trimtab.units.decimals import format_decimal, parse_decimal, parse_decimal_rounded
from trimtab.units.errors import (
    DataError,
    InternalError,
    NumberError,
    RulesError,
    TrimtabError,
    UsageError,
)
from trimtab.units.fixed import (
    EXP_WAD_INPUT_MAX,
    NANOSECONDS,
    RAY,
    UINT256_MAX,
    WAD,
    YEAR_SECONDS,
    div_down,
    div_floor,
    div_up,
    exp_wad_down,
    ln_wad_down,
    mul_div_down,
    mul_div_half_up,
    mul_div_up,
    pow10,
    pow_ray,
    ray_div_down,
    ray_div_half_up,
    ray_div_up,
    ray_mul_down,
    ray_mul_half_up,
    ray_mul_up,
    sqrt_down,
    sqrt_up,
    sqrt_wad_down,
    sqrt_wad_up,
    wad_div_down,
    wad_div_half_up,
    wad_div_up,
    wad_mul_down,
    wad_mul_half_up,
    wad_mul_up,
)
from trimtab.units.floats import fixed_of, float_of
from trimtab.units.normal import normal_cdf_wad, normal_pdf_wad
from trimtab.units.values import Amount, Price, Rate, Ratio, Time, Unit, Value

__all__ = [
    "EXP_WAD_INPUT_MAX",
    "NANOSECONDS",
    "RAY",
    "UINT256_MAX",
    "WAD",
    "YEAR_SECONDS",
    "Amount",
    "DataError",
    "InternalError",
    "NumberError",
    "OptionValue",
    "Price",
    "Rate",
    "Ratio",
    "RulesError",
    "Time",
    "TrimtabError",
    "Unit",
    "UsageError",
    "Value",
    "black76_value_wad",
    "black76_wad",
    "div_down",
    "div_floor",
    "div_up",
    "exp_wad_down",
    "fixed_of",
    "float_of",
    "format_decimal",
    "ln_wad_down",
    "mul_div_down",
    "mul_div_half_up",
    "mul_div_up",
    "normal_cdf_wad",
    "normal_pdf_wad",
    "parse_decimal",
    "parse_decimal_rounded",
    "pow10",
    "pow_ray",
    "ray_div_down",
    "ray_div_half_up",
    "ray_div_up",
    "ray_mul_down",
    "ray_mul_half_up",
    "ray_mul_up",
    "sqrt_down",
    "sqrt_up",
    "sqrt_wad_down",
    "sqrt_wad_up",
    "wad_div_down",
    "wad_div_half_up",
    "wad_div_up",
    "wad_mul_down",
    "wad_mul_half_up",
    "wad_mul_up",
]
