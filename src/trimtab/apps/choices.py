"""The fixed sets of values that options take: help lists them, and a wrong value is told them.

They stand here as texts, for help must not load what they name; a test compares the two.
"""

from typing import Literal

TableOrJson = Literal["table", "json"]
TableJsonOrCsv = Literal["table", "json", "csv"]
SortName = Literal["health", "distance", "debt", "collateral", "leverage", "account"]
ProcessText = Literal[
    "auto",
    "brownian",
    "jumps",
    "heston",
    "garch",
    "regimes",
    "bootstrap",
    "filtered",
    "windows",
    "none",
]
ShockText = Literal["none", "crash", "flash", "melt_up", "slow_slide"]
EngineText = Literal["auto", "kernel", "exact"]
SamplingText = Literal["plain", "antithetic", "stratified", "tail"]
ExecutorText = Literal["threads", "processes", "ray"]
BorrowersText = Literal["same_share", "fixed"]
LogLevel = Literal["debug", "info", "warning", "error"]
RoleText = Literal["read", "operate", "admin"]
Liquidatable = Literal["liquidatable"]
Insolvency = Literal["insolvency"]
