"""Asking an exchange through ccxt: its rate limit, bounded tries with back-off, plain errors."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from trimtab.units import DataError, UsageError

EXTRA: Final = "reading an exchange needs the extra `chain`: pip install 'trimtab[chain]'"
MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Manners:
    """Limits of a conversation with an exchange; the pace between requests is ccxt's.

    Args:
        tries_max: of one request, the first included.
        wait_first_s: before the second try; it doubles from try to try.
        wait_max_s: longest wait between two tries.
        timeout_s: for one answer.
    """

    tries_max: int = 6
    wait_first_s: float = 1.0
    wait_max_s: float = 60.0
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if self.tries_max < 1 or self.timeout_s <= 0 or self.wait_first_s < 0:
            raise UsageError("tries and the timeout are above 0, waits at least 0")


class Exchange:
    """One exchange of ccxt: asked with manners, its errors told as ours.

    Numbers of histories come as the exchange wrote them: decimal text, never a float.

    Args:
        name: the exchange in ccxt.
        manners: how often again, and how long to wait.
        sleep: lets seconds pass; injected, so that tests need not wait.
        client: a ccxt exchange to use instead of a new one.

    Raises:
        UsageError: ccxt is not installed or knows no such exchange.
    """

    def __init__(
        self,
        name: str,
        manners: Manners,
        *,
        sleep: Callable[[float], None] = time.sleep,
        client: Any = None,
    ) -> None:
        self.name = name
        self._manners = manners
        self._sleep = sleep
        self._errors = _ccxt()
        self.client = client or self._opened(name)
        self.client.number = str
        self.client.enableRateLimit = True
        self.client.enableLastJsonResponse = True
        self.client.timeout = int(manners.timeout_s * MILLISECONDS)

    def has(self, ability: str) -> bool:
        """Return whether the exchange offers a unified method of ccxt, as in "fetchOHLCV"."""
        return bool(self.client.has.get(ability))

    def ask(self, question: Callable[[], Any], *, what: str) -> Any:
        """Return the answer to a question; a fault of the network is asked again, others are not.

        Args:
            question: calls ccxt.
            what: what is asked for, as an error would say it.

        Raises:
            DataError: no answer after all tries, or the exchange refuses.
        """
        ccxt, wait_s = self._errors, self._manners.wait_first_s
        for left in reversed(range(self._manners.tries_max)):
            try:
                answer = question()
                if self.client.last_json_response is None:
                    # ccxt takes an answer that is no JSON for an empty one: a silent hole.
                    raise ccxt.ExchangeNotAvailable("the answer is empty or no JSON")
                return answer
            except ccxt.OperationFailed as error:
                if not left:
                    raise self._silent(error, what=what) from None
                self._sleep(min(wait_s, self._manners.wait_max_s))
                wait_s *= 2
            except (ccxt.BadSymbol, ccxt.NotSupported, ccxt.ExchangeError) as error:
                raise DataError(
                    f"the exchange refuses {what}", where=self.name, found=_clause(error)
                ) from None
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                raise DataError(
                    f"ccxt does not understand the answer to {what}",
                    where=self.name,
                    found=_clause(error),
                    hint="another version of ccxt may",
                ) from None
        raise AssertionError("the last try returns or raises")

    def markets(self, symbols: list[str]) -> dict[str, Any]:
        """Return ccxt's description of each symbol.

        Raises:
            UsageError: the exchange has no such symbol; names the nearest.
        """
        known = self.ask(lambda: self.client.load_markets(True), what="its markets")
        for symbol in symbols:
            if symbol not in known:
                near = difflib.get_close_matches(symbol, known, n=3, cutoff=0.5)
                hint = f"; did you mean {' or '.join(near)}?" if near else ""
                raise UsageError(f"{self.name} has no symbol {symbol}{hint}")
        return {symbol: known[symbol] for symbol in symbols}

    def now_ms(self) -> int:
        """Return the exchange's clock, or this machine's where it shows none."""
        if not self.has("fetchTime"):
            return int(self.client.milliseconds())
        return int(self.ask(self.client.fetch_time, what="its time"))

    def _opened(self, name: str) -> Any:
        if name not in self._errors.exchanges:
            near = difflib.get_close_matches(name, self._errors.exchanges, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UsageError(f"--exchange {name}: ccxt knows no such exchange{hint}")
        return getattr(self._errors, name)()

    def _silent(self, error: Exception, *, what: str) -> DataError:
        return DataError(
            f"no answer after {self._manners.tries_max} tries to {what}",
            where=self.name,
            found=_clause(error),
            hint="what was read is kept: go on with --resume",
        )


def _ccxt() -> Any:
    try:
        import ccxt
    except ModuleNotFoundError:
        raise UsageError(EXTRA) from None
    return ccxt


def _clause(error: Exception) -> str:
    """The class says what went wrong; the text repeats addresses, and may be long."""
    return f"{type(error).__name__}: {str(error)[:200]}"
