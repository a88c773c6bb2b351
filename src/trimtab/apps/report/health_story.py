"""The health of a book in words: a heading, a verdict, a paragraph and the tiles under it."""

from collections.abc import Sequence

from trimtab.apps.health_shock import Aftermath
from trimtab.apps.report.health_book import HealthBook, debt_of, distance, name_of, owed_wad
from trimtab.apps.report.shown import (
    NARROW,
    NONE,
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
from trimtab.apps.report.tiles import Tile
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
    if not book.debt_wad:
        return "Nobody owes anything"
    if book.unsafe:
        who, debt = counted(len(book.unsafe), "account"), money(debt_of(book.unsafe), book.quote)
        return f"{who} liquidatable, {'owing' if book.owed == 'debt' else 'with'} {debt}"
    if not book.fall.first and _has_shorts(book):
        return "Nobody is liquidatable; only a rise of what is sold short changes that"
    if not book.fall.first:
        return "Nobody is liquidatable, and no fall of the market changes that"
    return (
        f"Nobody is liquidatable; the first {book.owed} is a market fall of {_nearest(book)} away"
    )


def health_verdict(book: HealthBook) -> Verdict:
    """The finding that matters most."""
    if book.short:
        return Verdict("bad", "✕", "Some accounts owe more than all their collateral is worth.")
    if book.unsafe:
        told = "Accounts can be liquidated now; their collateral still covers their debts."
        return Verdict("warn", "!", told)
    if not book.debt_wad:
        return Verdict("good", "✓", "Without debt nobody can be liquidated.")
    near = f"a market fall of {NEAR_PERCENT}{NARROW}%"
    if book.fall.reaches[NEAR_PERCENT].debt_wad:
        return Verdict("warn", "!", f"Nobody is liquidatable yet, but some would be after {near}.")
    rise = f"a rise of what is sold short by {NEAR_PERCENT}{NARROW}%"
    if book.reached_up(_wad(NEAR_PERCENT)).debt_wad:
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
        reach = book.reached_up(_wad(rise))
        told += [f"{rise}{NARROW}%", money(reach.debt_wad, book.quote)]
        told.append(share(reach.debt_wad, book.debt_wad))
    words = f"After a rise of {{}}, {{}} of {book.owed} ({{}} of all) is liquidatable; "
    return [sentence(words + "after {}, {} ({}).", *told)]


def _has_shorts(book: HealthBook) -> bool:
    """Whether any account has a rise to fear."""
    return any(account.distance_up_wad is not None for account in book.debtors)


def _holdings(book: HealthBook) -> Sentence:
    when, number = moment(book.found.as_of_ns), len(book.found.accounts)
    who, owned = counted(number, "account"), money(book.collateral_wad, book.quote)
    verb = "holds" if number == 1 else "hold"
    if not book.debt_wad:
        verb_owe = "owes" if number == 1 else "owe"
        return sentence(f"As of {{}}, {{}} {verb} {{}} and {verb_owe} nothing.", when, who, owned)
    return sentence(
        f"As of {{}}, {{}} {verb} {{}} of collateral against {{}} of {book.owed}.",
        *(when, who, owned, money(book.debt_wad, book.quote)),
    )


def _unsafe(book: HealthBook) -> Sentence:
    if not book.unsafe:
        return sentence("Nobody is liquidatable.")
    verb = "is" if len(book.unsafe) == 1 else "are"
    debt = debt_of(book.unsafe)
    return sentence(
        f"{{}} with {{}} of {book.owed} ({{}} of all) {verb} liquidatable now.",
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
            f"A market fall beyond {{}} makes the {rank} {book.owed} liquidatable: that of {{}}, "
            "{}.",
            *(_nearest(book), _short_name(nearest), money(owed_wad(nearest), book.quote)),
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
    words = f"After a market fall of {{}}, {{}} of {book.owed} ({{}} of all) is liquidatable; "
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


def _nearest(book: HealthBook) -> Shown:
    """How far the market may fall before the first safe account is not, in whole hundredths."""
    return distance(book.fall.first_wad)


def _wad(fall_percent: int) -> int:
    return fall_percent * WAD // 100


def health_tiles(book: HealthBook) -> list[Tile]:
    """Eight figures: what there is, what is unsafe now, what is next, and how it is spread."""
    quote, unsafe = book.quote, debt_of(book.unsafe)
    near, top = book.fall.reaches[TOLD_PERCENT[0]], largest_debts(book)
    in_debt = sentence(f"{{}} of them with {book.owed}", count(len(book.debtors)))
    ratio = sentence("{} of the collateral", share(book.debt_wad, book.collateral_wad))
    if not book.collateral_wad:
        ratio = sentence("without any collateral" if book.debt_wad else "nobody owes anything")
    missing = sentence("every debt is covered by collateral")
    if book.short:
        who = counted(len(book.short), "account")
        missing = sentence("owed beyond all collateral, by {}", who)
    return [
        Tile("Accounts", count(len(book.found.accounts)), in_debt),
        Tile("Collateral", money(book.collateral_wad, quote), sentence("before any haircut")),
        Tile(book.owed.capitalize(), money(book.debt_wad, quote), ratio),
        Tile(
            "Liquidatable now",
            count(len(book.unsafe)),
            sentence("accounts, owing {}", money(unsafe, quote)),
            tone="bad" if unsafe else "good",
        ),
        _next_tile(book),
        Tile(
            f"After a market fall of {TOLD_PERCENT[0]}{NARROW}%",
            money(near.debt_wad, quote),
            sentence(
                f"liquidatable, {{}} of all {book.owed}; what is owed falls along",
                share(near.debt_wad, near.whole_wad),
            ),
            tone="warn" if near.debt_wad else "good",
        ),
        Tile(
            "Shortfall",
            money(book.shortfall_wad, quote),
            missing,
            tone="bad" if book.short else "good",
        ),
        Tile(
            f"Ten largest {book.owed}s",
            share(debt_of(top), book.debt_wad),
            sentence(f"of all {book.owed}, {{}}", money(debt_of(top), quote)),
        ),
    ]


def _next_tile(book: HealthBook) -> Tile:
    name = f"Market fall to the {'next' if book.unsafe else 'first'} {book.owed}"
    if book.unsafe and len(book.unsafe) == len(book.debtors):
        told = sentence(f"all {book.owed} is liquidatable already")
        return Tile(name, Shown(NONE, f"no {book.owed} is left"), told)
    if book.fall.first is None:
        told = sentence("no fall of the market reaches one")
        return Tile(name, Shown("never", "not by any fall of the market"), told, tone="good")
    near = book.fall.first_wad < _wad(NEAR_PERCENT)
    debt = money(owed_wad(book.fall.first), book.quote)
    return Tile(
        name,
        _nearest(book),
        sentence(f"{{}} of {book.owed}", debt),
        tone="warn" if near else "good",
    )
