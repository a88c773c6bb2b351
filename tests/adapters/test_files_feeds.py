"""Observations and funding rates: what they mean, exactly, and every fault by row and column."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.case_folders import BOOK, MARKETS, RULES, case_folder, refusal
from trimtab.adapters.files import load_case, write_csv, write_parquet
from trimtab.model import Case, FundingTick, OracleTick
from trimtab.units import NANOSECONDS, WAD, Time, format_decimal

STAKED = '[assets.stETH]\ndecimals = 18\nunderlying = "ETH"\n'
SECOND = '[markets.SECOND]\nasset = "ETH"\ninitial_margin = 1\nmaintenance_margin = 1\n'
ALL_RULES = RULES + STAKED + MARKETS + SECOND + 'funding = "recorded"\n'
START = Time.parse("2020-03-12").raw
NEXT = START + 86_400 * NANOSECONDS
SHORT = "timestamp,asset,source,price\n"
FULL = "timestamp,asset,source,price,confidence,published\n"
FUNDING = "timestamp,market,rate\n"


def case_of(folder: Path, *, oracle: str | None = None, funding: str | None = None) -> Case:
    return load_case(case_folder(folder, rules=ALL_RULES, oracle=oracle, funding=funding))


def test_observations_are_sorted_by_time_asset_and_source(tmp_path: Path) -> None:
    oracle = SHORT + (
        "2020-03-13,ETH,a,1e2\n2020-03-12,USDC,a,0.99\n2020-03-12,ETH,b,195\n"
        "2020-03-13,ETH,b,110\n2020-03-12,ETH,c,194.5\n"
    )
    assert case_of(tmp_path, oracle=oracle).observations == (
        OracleTick(START, "ETH", "b", 195 * WAD, 0, START),
        OracleTick(START, "ETH", "c", 1945 * WAD // 10, 0, START),
        OracleTick(START, "USDC", "a", 99 * WAD // 100, 0, START),
        OracleTick(NEXT, "ETH", "a", 100 * WAD, 0, NEXT),
        OracleTick(NEXT, "ETH", "b", 110 * WAD, 0, NEXT),
    )


def test_an_empty_confidence_is_0_and_an_empty_publication_the_arrival(tmp_path: Path) -> None:
    oracle = FULL + (
        "2020-03-12,ETH,a,195,,\n"
        "2020-03-12T00:00:09Z,ETH,a,195,0.5,2020-03-12T00:00:01Z\n"
        "2020-03-13,ETH,a,195,0,1970-01-01\n"
    )
    found = case_of(tmp_path, oracle=oracle).observations
    assert [(tick.confidence_wad, tick.published_ns) for tick in found] == [
        (0, START),
        (WAD // 2, START + NANOSECONDS),
        (0, 0),
    ]


def test_a_late_observation_is_no_fault_of_the_file(tmp_path: Path) -> None:
    """It arrived, and the venue is who refuses it: such feeds are what one wants to replay."""
    oracle = FULL + (
        "2020-03-12T00:00:08Z,ETH,a,195,0,2020-03-12T00:00:08Z\n"
        "2020-03-12T00:00:09Z,ETH,a,190,0,2020-03-12T00:00:07Z\n"
    )
    first, late = case_of(tmp_path, oracle=oracle).observations
    assert late.published_ns < first.published_ns


def test_prices_round_down_intervals_up_and_rates_towards_0(tmp_path: Path) -> None:
    oracle = FULL + "2020-03-12,ETH,a,1.0000000000000000019,0.0000000000000000011,\n"
    funding = FUNDING + "2020-03-12,ETH-PERP,-0.0000000000000000019\n2020-03-13,ETH-PERP,-1\n"
    folder = case_folder(tmp_path, rules=ALL_RULES, oracle=oracle, funding=funding)
    warnings: list[str] = []
    case = load_case(folder, warnings.append)
    assert case.observations == (OracleTick(START, "ETH", "a", WAD + 1, 2, START),)
    assert [tick.rate_wad for tick in case.funding] == [-1, -WAD]
    assert warnings == [
        "oracle.csv: 2 numbers of more than 18 decimals, rounded prices down, intervals up",
        "funding.csv: 1 number of more than 18 decimals, rounded towards 0",
        "there is no funding rate of SECOND, whose funding is recorded: it is 0",
    ]


def test_recorded_funding_without_a_table_is_told(tmp_path: Path) -> None:
    warnings: list[str] = []
    case = load_case(case_folder(tmp_path, rules=RULES + MARKETS), warnings.append)
    assert case.funding == ()
    assert warnings == ["there is no funding rate of ETH-PERP, whose funding is recorded: it is 0"]


def test_funding_is_sorted_by_time_and_market(tmp_path: Path) -> None:
    funding = FUNDING + (
        "2020-03-12,SECOND,0.0001\n2020-03-13,SECOND,-0.5\n"
        "2020-03-12,ETH-PERP,1e-18\n2020-03-13,ETH-PERP,0\n"
    )
    assert case_of(tmp_path, funding=funding).funding == (
        FundingTick(START, "ETH-PERP", 1),
        FundingTick(START, "SECOND", WAD // 10_000),
        FundingTick(NEXT, "ETH-PERP", 0),
        FundingTick(NEXT, "SECOND", -WAD // 2),
    )


BAD_ORACLES = {
    "timestamp,asset,source\n2020-03-12,ETH,a\n": "row 1, column price: the column is missing; "
    "expected quote per whole unit",
    "timestamp,asset,price\n2020-03-12,ETH,1\n": "row 1, column source: the column is missing",
    "timestamp,asset,sauce,price\n": "row 1, column sauce: unknown column; did you mean source?",
    SHORT: "the table has no rows; expected at least one row",
    SHORT + "1584000000,ETH,a,1\n": "row 2, column timestamp: the time is a bare number",
    SHORT + ",ETH,a,1\n": "row 2, column timestamp: the cell is empty; expected a time",
    SHORT + "2020-03-12,,a,1\n": "row 2, column asset: the cell is empty; expected a name",
    SHORT + "2020-03-12,EHT,a,1\n": "row 2, column asset: the asset is not one of the rules; "
    "found 'EHT'; did you mean ETH?",
    SHORT + "2020-03-12,ETH-PERP,a,1\n": "row 2, column asset: a market is not observed; "
    "found 'ETH-PERP'; expected an asset; a market's mark price stands in the prices table",
    SHORT + "2020-03-12,USD,a,1\n": "row 2, column asset: the quote is worth 1 of itself",
    SHORT + "2020-03-12,stETH,a,1\n": "row 2, column asset: the asset is priced through its "
    "underlying and has no price of its own; found 'stETH'; expected observations of ETH alone",
    SHORT + "2020-03-12,ETH,,1\n": "row 2, column source: the cell is empty; expected a name",
    SHORT + "2020-03-12,ETH,a\x07,1\n": "row 2, column source: the source name holds a character",
    SHORT + "2020-03-12,ETH, a,1\n": "row 2, column source: the source name begins or ends",
    SHORT + "2020-03-12,ETH,a,\n": "row 2, column price: the cell is empty; expected a number",
    SHORT + "2020-03-12,ETH,a,0\n": "row 2, column price: the price is not positive; found '0'",
    SHORT + "2020-03-12,ETH,a,-3\n": "row 2, column price: the price is not positive",
    SHORT + "2020-03-12,ETH,a,nan\n": "row 2, column price: the number is not finite",
    SHORT + "2020-03-12,ETH,a,dear\n": "row 2, column price: the text is not a number",
    SHORT + "2020-03-12,ETH,a,1e99\n": "row 2, column price: the number is too large",
    FULL + "2020-03-12,ETH,a,1,-0.1,\n": "row 2, column confidence: the confidence interval is "
    "negative; found '-0.1'; expected at least 0",
    FULL + "2020-03-12,ETH,a,1,inf,\n": "row 2, column confidence: the number is not finite",
    FULL + "2020-03-12,ETH,a,1,1e99,\n": "row 2, column confidence: the number is too large",
    FULL + "2020-03-12,ETH,a,1,0,soon\n": "row 2, column published: the text is not a time",
    FULL + "2020-03-12,ETH,a,1,0,5\n": "row 2, column published: the time is a bare number",
    FULL + "2020-03-12,ETH,a,1,0,2020-03-13\n": "row 2, column published: the price is published "
    "after it arrives; found '2020-03-13T00:00:00Z'; expected a time from 1970 on, at most "
    "2020-03-12T00:00:00Z",
    FULL + "2020-03-12,ETH,a,1,0,1969-12-31\n": "row 2, column published: the price was published "
    "before 1970; found '1969-12-31T00:00:00Z'",
    SHORT + "1969-12-31,ETH,a,1\n": "row 2, column timestamp: the price was published before 1970",
    SHORT + "2020-03-12,ETH,a,1\n2020-03-12,ETH,b,1\n2020-03-12,ETH,a,2\n": "row 4, column "
    "timestamp: the time stands twice of ETH from a; found '2020-03-12T00:00:00Z'",
    SHORT + "2020-03-13,ETH,a,1\n2020-03-12,USDC,a,1\n2020-03-12,ETH,a,2\n": "row 4, column "
    "timestamp: time of ETH from a runs backwards; found '2020-03-12T00:00:00Z'; expected a time "
    "after 2020-03-13T00:00:00Z",
}


@pytest.mark.parametrize("oracle", BAD_ORACLES, ids=range(len(BAD_ORACLES)))
def test_a_bad_observation_is_refused_with_its_place(tmp_path: Path, oracle: str) -> None:
    line = refusal(case_folder(tmp_path, rules=ALL_RULES, oracle=oracle))
    assert line.startswith(f"oracle.csv: {BAD_ORACLES[oracle]}")


BAD_FUNDING = {
    "timestamp,market\n2020-03-12,SECOND\n": "row 1, column rate: the column is missing; expected "
    "fraction of the notional a funding period; + longs pay shorts",
    "timestamp,asset,rate\n": "row 1, column asset: unknown column; ",
    FUNDING: "the table has no rows",
    FUNDING + "2020-03-12 25:00,SECOND,0\n": "row 2, column timestamp: ",
    FUNDING + ",SECOND,0\n": "row 2, column timestamp: the cell is empty",
    FUNDING + "2020-03-12,,0\n": "row 2, column market: the cell is empty; expected a name",
    FUNDING + "2020-03-12,SECND,0\n": "row 2, column market: the market is not one of the rules; "
    "found 'SECND'; did you mean SECOND?",
    FUNDING + "2020-03-12,ETH,0\n": "row 2, column market: the market is not one of the rules",
    FUNDING + "2020-03-12,ETH-COIN,0\n": "row 2, column market: the market's funding is not "
    "recorded; found 'ETH-COIN'; expected funding = \"recorded\" below [markets.ETH-COIN], which "
    'says "none"',
    FUNDING + "2020-03-12,SECOND,\n": "row 2, column rate: the cell is empty; expected a number",
    FUNDING + "2020-03-12,SECOND,high\n": "row 2, column rate: the text is not a number",
    FUNDING + "2020-03-12,SECOND,nan\n": "row 2, column rate: the number is not finite",
    FUNDING + "2020-03-12,SECOND,1.01\n": "row 2, column rate: the funding rate is out of range; "
    "found '1.01'; expected -1 to 1; write a fraction a period, such as 0.0001 for 0.01 %",
    FUNDING + "2020-03-12,SECOND,-1.0000000000000000001\n": "row 2, column rate: the funding rate "
    "is out of range",
    FUNDING + "2020-03-12,SECOND,0\n2020-03-12,SECOND,0\n": "row 3, column timestamp: the time "
    "stands twice of SECOND",
    FUNDING + "2020-03-13,SECOND,0\n2020-03-13,ETH-PERP,0\n2020-03-12,SECOND,0\n": "row 4, column "
    "timestamp: time of SECOND runs backwards",
}


@pytest.mark.parametrize("funding", BAD_FUNDING, ids=range(len(BAD_FUNDING)))
def test_a_bad_funding_rate_is_refused_with_its_place(tmp_path: Path, funding: str) -> None:
    line = refusal(case_folder(tmp_path, rules=ALL_RULES, funding=funding))
    assert line.startswith(f"funding.csv: {BAD_FUNDING[funding]}")


def test_funding_without_any_market_says_where_one_is_listed(tmp_path: Path) -> None:
    line = refusal(case_folder(tmp_path, book=BOOK, funding=FUNDING + "2020-03-12,P,0\n"))
    assert line.endswith("found 'P'; expected a name below [markets]")


@settings(max_examples=8, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 10**30), st.integers(0, 10**20), st.integers(0, 10**18)),
        min_size=1,
        max_size=8,
    )
)
def test_feeds_written_by_us_read_back(
    rows: list[tuple[int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    times = [START + place for place in range(len(rows))]
    oracle = {
        "timestamp": times,
        "asset": ["ETH"] * len(rows),
        "source": ["feed"] * len(rows),
        "price": [format_decimal(price, 18) for price, _, _ in rows],
        "confidence": [format_decimal(interval, 18) for _, interval, _ in rows],
        "published": [
            Time(at_ns - age).text() for at_ns, (_, _, age) in zip(times, rows, strict=True)
        ],
    }
    funding = {
        "timestamp": times,
        "market": ["ETH-PERP"] * len(rows),
        "rate": [format_decimal(-age, 18) for _, _, age in rows],
    }
    for suffix, write in (("csv", write_csv), ("parquet", write_parquet)):
        folder = case_folder(tmp_path_factory.mktemp("case"), rules=RULES + MARKETS)
        write(folder / f"oracle.{suffix}", oracle)
        write(folder / f"funding.{suffix}", funding)
        case = load_case(folder)
        assert case.observations == tuple(
            OracleTick(at_ns, "ETH", "feed", price, interval, at_ns - age)
            for at_ns, (price, interval, age) in zip(times, rows, strict=True)
        )
        assert [tick.rate_wad for tick in case.funding] == [-age for _, _, age in rows]
