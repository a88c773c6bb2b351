"""`trimtab keys`: make, list and revoke the keys of callers."""

import time
from pathlib import Path

from trimtab.apps.console import Format, naming_file, print_json, print_table, say
from trimtab.apps.service.keyring import KeyRecord, add_key, read_keys, revoke_key
from trimtab.apps.service.security import Role
from trimtab.units import NumberError, Time, UsageError


def run_add(file: Path, name: str, *, role: str, expires: str | None) -> None:
    """`trimtab keys add`: the key goes to stdout, all else to stderr."""
    if role.upper() not in Role.__members__:
        known = ", ".join(one.name.lower() for one in Role)
        raise UsageError(f"--role {role!r}: expected one of {known}")
    try:
        ends = None if expires is None else Time.parse(expires).raw
    except NumberError:
        found = f"--expires {expires!r}"
        raise UsageError(f"{found}: expected a UTC time such as 2027-01-01") from None
    now = time.time_ns()
    with naming_file("--file", file):
        text, record = add_key(file, name, role=Role[role.upper()], now_ns=now, ends_ns=ends)
    print(text)
    say(f"key of {record.name} ({record.role}) added to {file}; it is shown this once")


def run_list(file: Path, form: Format) -> None:
    """`trimtab keys list`."""
    if form not in (Format.TABLE, Format.JSON):
        raise UsageError("--format: expected table or json")
    with naming_file("--file", file):
        rows = [_row(record) for record in read_keys(file).values()]
    if form is Format.JSON:
        print_json(rows)
        return
    columns = ["name", "role", "state", "made", "expires"]
    table = [[str(row[column] or "never") for column in columns] for row in rows]
    print_table("keys", columns, rows=table, left=5)


def _row(record: KeyRecord) -> dict[str, str | None]:
    return {
        "name": record.name,
        "role": record.role,
        "state": record.state(time.time_ns()),
        "made": Time(record.made_ns).text(),
        "expires": None if record.ends_ns is None else Time(record.ends_ns).text(),
    }


def run_revoke(file: Path, name: str) -> None:
    """`trimtab keys revoke`."""
    with naming_file("--file", file):
        count = revoke_key(file, name, now_ns=time.time_ns())
    say(f"{count} {'key' if count == 1 else 'keys'} of {name} revoked")
