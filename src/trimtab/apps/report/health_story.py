"""The health of a book in words: a heading, a verdict and a paragraph."""

from collections.abc import Sequence

from trimtab.apps.health_shock import EVERY_OTHER, Aftermath
from trimtab.apps.report.health_book import HealthBook, debt_of, distance, name_of, owed_wad
from trimtab.apps.report.shown import (
    MINUS,
    NARROW,
    NO_BREAK,
    Sentence,
    Shown,
    count,
    counted,
    listed,
    moment,
    money,
    percent,
    price,
    printable,
    sentence,
)
from trimtab.apps.report.story import Verdict
from trimtab.model import Explanation
from trimtab.units import WAD

NEAR_PERCENT = 5  # a fall so small happens in a day
TOLD_PERCENT = (10, 30)
LARGEST = 10
NAMES_TOLD = 6


def share(part_wad: int, whole_wad: int) -> Shown:
    """A part in percent of a whole; nothing of nothing is nothing."""
    return percent(part_wad / whole_wad if whole_wad else 0.0)


def largest_debts(book: HealthBook) -> list[Explanation]:
    """The accounts with the largest debts, at most ten."""
    return sorted(book.debtors, key=lambda a: (-owed_wad(a), a.account, a.group))[:LARGEST]


def health_title(book: HealthBook) -> str:
    """The heading: who is liquidatable with what debt, or how near the first is."""
    return _then(book, _title(book))


def _title(book: HealthBook) -> str:
    if not book.debt_wad:
        return "Nobody owes anything"
    if book.unsafe:
        who, debt = counted(len(book.unsafe), "account"), money(debt_of(book.unsafe), book.quote)
        return f"{who} liquidatable, {'owing' if book.owed == 'debt' else 'with'} {debt}"
    if not book.fall.first and _has_shorts(book):
        return "Nobody is liquidatable; only a rise of what is sold short changes that"
    if not book.fall.first:
        return "Nobody is liquidatable, and no fall of the market changes that"
    fall = f"a {book.further} of {nearest_fall(book)}"
    return f"Nobody is liquidatable; the first {book.owed} is {fall} away"


def health_verdict(book: HealthBook) -> Verdict:
    """The finding that matters most."""
    found = _verdict(book)
    return Verdict(found.tone, found.sign, _then(book, found.text))


def _then(book: HealthBook, words: str) -> str:
    """Words that hold once prices are moved, with the moves before them."""
    return f"After {book.after}: {words[:1].lower()}{words[1:]}" if book.after else words


def _verdict(book: HealthBook) -> Verdict:
    if book.short:
        return Verdict("bad", "✕", "Some accounts owe more than all their collateral is worth.")
    if book.unsafe:
        when = "" if book.after else " now"
        told = f"Accounts can be liquidated{when}; their collateral still covers their debts."
        return Verdict("warn", "!", told)
    if not book.debt_wad:
        return Verdict("good", "✓", "Without debt nobody can be liquidated.")
    near = f"a {book.further} of {NEAR_PERCENT}{NARROW}%"
    if book.fall.reaches[NEAR_PERCENT].debt_wad:
        return Verdict("warn", "!", f"Nobody is liquidatable yet, but some would be after {near}.")
    rise = f"a rise of what is sold short by {NEAR_PERCENT}{NARROW}%"
    if book.reached_up(fraction_wad(NEAR_PERCENT)).debt_wad:
        told = f"Nobody is liquidatable yet, but some shorts would be after {rise}."
        return Verdict("warn", "!", told)
    if _has_shorts(book):
        near += f" or {rise}"
    return Verdict("good", "✓", f"Nobody is liquidatable, nor would be after {near}.")


def health_paragraph(book: HealthBook) -> list[Sentence]:
    """What a reader takes away who reads nothing else."""
    if not book.debt_wad:
        return [_holdings(book)]
    told = [_holdings(book), _unsafe(book), *_short(book), *_next(book), *_falls(book)]
    return [*told, *_rises(book)]


def shock_words(found: Aftermath, quote: str) -> str:
    """The moves as they were asked for, in a few words: `ETH −30 %, STETH at 150 USD`."""
    parts = []
    for asset, move in found.asked.items():
        name = "all else" if asset == EVERY_OTHER else printable(asset)
        if move.endswith("%"):
            sign = MINUS if move.startswith("-") else "+"
            parts.append(f"{name}{NO_BREAK}{sign}{move.strip('+-%')}{NARROW}%")
        else:
            parts.append(f"{name} at {move}{NO_BREAK}{printable(quote)}")
    more = len(parts) - NAMES_TOLD
    told = ", ".join(parts[:NAMES_TOLD])
    return f"{told} and {more} more" if more > 0 else told


def shock_sentences(found: Aftermath) -> list[Sentence]:
    """What a shock moved, and whom it makes liquidatable: said before anything else."""
    moved = [
        sentence(
            "{} from {} to {} ({})",
            *(printable(one.asset), price(one.before_wad / WAD), price(one.after_wad / WAD)),
            percent(one.after_wad / one.before_wad - 1, signed=True),
        )
        for one in found.moves
    ]
    head = sentence("Prices are moved at once, before anybody acts: ")
    told = [(*head, *listed(moved), ".")] if moved else [sentence("The shock moves no price.")]
    words = "It makes {} liquidatable beside {} that were before it."
    number = counted(len(found.newly_liquidatable), "account")
    told.append(sentence(words, number, count(found.liquidatable_before)))
    return [*told, (f"Note: {printable(found.note)}.",)] if found.note else told


def _rises(book: HealthBook) -> list[Sentence]:
    """The same for shorts, where the book has any."""
    if not _has_shorts(book):
        return []
    told: list[str | Shown] = []
    for rise in TOLD_PERCENT:
        reach = book.reached_up(fraction_wad(rise))
        told += [f"{rise}{NARROW}%", money(reach.debt_wad, book.quote)]
        told.append(share(reach.debt_wad, book.debt_wad))
    words = f"After a rise of {{}}, {{}} of {book.owed} ({{}} of all) is liquidatable; "
    return [sentence(words + "after {}, {} ({}).", *told)]


def _has_shorts(book: HealthBook) -> bool:
    """Whether any account has a rise to fear."""
    return any(account.distance_up_wad is not None for account in book.debtors)


def _holdings(book: HealthBook) -> Sentence:
    number = len(book.found.accounts)
    when = moment(book.found.as_of_ns)
    since = f", after {book.after}" if book.after else ""
    who, owned = counted(number, "account"), money(book.collateral_wad, book.quote)
    verb = "holds" if number == 1 else "hold"
    if not book.debt_wad:
        verb_owe = "owes" if number == 1 else "owe"
        told = f"As of {{}}{since}, {{}} {verb} {{}} and {verb_owe} nothing."
        return sentence(told, when, who, owned)
    return sentence(
        f"As of {{}}{since}, {{}} {verb} {{}} of collateral against {{}} of {book.owed}.",
        *(when, who, owned, money(book.debt_wad, book.quote)),
    )


def _unsafe(book: HealthBook) -> Sentence:
    if not book.unsafe:
        return sentence("Nobody is liquidatable.")
    verb = "is" if len(book.unsafe) == 1 else "are"
    debt, then = debt_of(book.unsafe), "then" if book.after else "now"
    return sentence(
        f"{{}} with {{}} of {book.owed} ({{}} of all) {verb} liquidatable {then}.",
        *(counted(len(book.unsafe), "account"), money(debt, book.quote)),
        share(debt, book.debt_wad),
    )


def _short(book: HealthBook) -> list[Sentence]:
    if not book.short:
        return []
    verb = "owes" if len(book.short) == 1 else "owe"
    who, missing = counted(len(book.short), "account"), money(book.shortfall_wad, book.quote)
    return [sentence(f"{{}} {verb} {{}} more than the collateral is worth.", who, missing)]


def _next(book: HealthBook) -> list[Sentence]:
    if len(book.unsafe) == len(book.debtors):
        return []
    rank, nearest = "next" if book.unsafe else "first", book.fall.first
    if nearest is None:
        other = "other " if book.unsafe else ""
        return [sentence(f"No market fall makes any {other}{book.owed} liquidatable.")]
    return [
        sentence(
            f"A {book.further} beyond {{}} makes the {rank} {book.owed} liquidatable: "
            "that of {}, {}.",
            *(nearest_fall(book), _short_name(nearest), money(owed_wad(nearest), book.quote)),
        )
    ]


def _falls(book: HealthBook) -> list[Sentence]:
    if len(book.unsafe) == len(book.debtors):
        return []
    if book.fall.first is None:
        return [_market_words(book)]
    told: list[str | Shown] = []
    for fall in TOLD_PERCENT:
        reach = book.fall.reaches[fall]
        told += [f"{fall}{NARROW}%", money(reach.debt_wad, book.quote)]
        told.append(share(reach.debt_wad, reach.whole_wad))
    words = f"After a {book.further} of {{}}, {{}} of {book.owed} ({{}} of all) is liquidatable; "
    words += "after {}, {} ({})."
    return [sentence(words, *told), _market_words(book)]


def _market_words(book: HealthBook) -> Sentence:
    """What a market fall is, by the names of what falls and what does not."""
    falling, kept = (_names(names) for names in (book.fall.moving, book.fall.kept))
    about = f"worth about 1 {printable(book.quote)}"
    if not falling:
        return sentence(f"A market fall would move nothing here: all is {about}.")
    verb = "loses" if len(book.fall.moving) == 1 else "lose"
    words: Sentence = ("In a market fall ", *falling, f" {verb} the same part of the price, ")
    words = (*words, "held or owed alike")
    if not kept:
        return (*words, ".")
    verb = "keeps its" if len(book.fall.kept) == 1 else "keep their"
    return (*words, "; ", *kept, f", {about}, {verb} price.")


def _names(names: Sequence[str]) -> Sentence:
    """Names as a list; of many the first few, and how many more."""
    parts: list[Sentence] = [(printable(name),) for name in names[:NAMES_TOLD]]
    if len(names) > NAMES_TOLD:
        parts.append((f"{len(names) - NAMES_TOLD} more",))
    return listed(parts)


def _short_name(account: Explanation) -> Shown:
    """A long name keeps its start and its end."""
    name = name_of(account)
    return Shown(name if len(name) <= 24 else f"{name[:10]}…{name[-6:]}", name)


def nearest_fall(book: HealthBook) -> Shown:
    """How far the market may fall before the first safe account is not, in whole hundredths."""
    return distance(book.fall.first_wad)


def fraction_wad(fall_percent: int) -> int:
    """A number of percent as a fraction, wad."""
    return fall_percent * WAD // 100
