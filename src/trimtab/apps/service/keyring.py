"""Keys of callers: hashed at rest, with a role and an end. A key is shown once, when it is made.

A key is `trimtab_<id>_<secret>`; the file holds, per id, name, role, salt and the scrypt hash of
the secret (RFC 7914: N = 2^14, r = 8, p = 1), when it was made, ends, and was revoked.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from trimtab.apps.service.security import Role
from trimtab.units import DataError, Time, UsageError

SCRYPT = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 2**20}
ID_BYTES, SECRET_BYTES, SALT_BYTES = 6, 32, 16
KEY = re.compile(r"trimtab_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Keys that were found good lately are remembered by a digest, so that a request need not hash long.
REMEMBERED_MAX = 1024


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key at rest; times are ns UTC, `ends_ns` None is never."""

    id: str
    name: str
    role: str
    salt: str
    hash: str
    made_ns: int
    ends_ns: int | None = None
    revoked_ns: int | None = None

    def state(self, now_ns: int) -> str:
        """good, expired or revoked."""
        if self.revoked_ns is not None:
            return "revoked"
        return "expired" if self.ends_ns is not None and now_ns >= self.ends_ns else "good"


def hashed(secret: str, salt: str) -> str:
    """The hash of a secret under a salt, both hexadecimal."""
    return hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), dklen=32, **SCRYPT).hex()


def read_keys(path: Path) -> dict[str, KeyRecord]:
    """The keys of a file by their ids; none where there is no file.

    Raises:
        DataError: a file that is no list of keys, or one that others may read.
    """
    if not path.exists():
        return {}
    if path.stat().st_mode & 0o077:
        what, hint = "others may read the keys", f"chmod 600 {path.name}"
        raise DataError(what, where=path.name, hint=hint)
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        records = [KeyRecord(**row) for row in rows]
        assert all(record.role.upper() in Role.__members__ for record in records), "a role is known"
    except (AssertionError, AttributeError, TypeError, ValueError):
        raise DataError("the file is no list of keys", where=path.name) from None
    return {record.id: record for record in records}


def write_keys(path: Path, records: Mapping[str, KeyRecord]) -> None:
    """Replace a file of keys whole; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    text = json.dumps([asdict(record) for record in records.values()], indent=1)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def add_key(
    path: Path, name: str, *, role: Role, now_ns: int, ends_ns: int | None = None
) -> tuple[str, KeyRecord]:
    """Make a key; returns its text, which is kept nowhere, and its record.

    Raises:
        UsageError: a name that is taken or unusable, or an end that is past.
    """
    records = read_keys(path)
    if NAME.fullmatch(name) is None:
        raise UsageError(f"NAME {name!r}: expected letters, digits, . _ or -, at most 64")
    if any(one.name == name and one.state(now_ns) == "good" for one in records.values()):
        raise UsageError(f"there is a key of the name {name!r} already; revoke it first")
    if ends_ns is not None and ends_ns <= now_ns:
        raise UsageError(f"--expires: {Time(ends_ns).text()} is past")
    found, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    salt = secrets.token_hex(SALT_BYTES)
    record = KeyRecord(found, name, role.name.lower(), salt, hashed(secret, salt), now_ns, ends_ns)
    write_keys(path, {**records, found: record})
    return f"trimtab_{found}_{secret}", record


def revoke_key(path: Path, name: str, *, now_ns: int) -> int:
    """Revoke every good key of a name; returns how many.

    Raises:
        UsageError: there is none.
    """
    records = read_keys(path)
    good = [one for one in records.values() if one.name == name and one.revoked_ns is None]
    if not good:
        raise UsageError(f"there is no key of the name {name!r} to revoke")
    revoked = {one.id: replace(one, revoked_ns=now_ns) for one in good}
    write_keys(path, {**records, **revoked})
    return len(revoked)


class Keyring:
    """The keys of a running service; the file is read again whenever it changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._stamp: Any = None
        self._records: dict[str, KeyRecord] = {}
        self._good: OrderedDict[bytes, str] = OrderedDict()
        self.records()

    def records(self) -> dict[str, KeyRecord]:
        """The keys as the file holds them now."""
        with self._lock:
            stat = self.path.stat() if self.path.exists() else None
            stamp = None if stat is None else (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if stamp != self._stamp or stamp is None:
                self._records, self._stamp = read_keys(self.path), stamp
                self._good.clear()
            return self._records

    def find(self, text: str) -> KeyRecord | None:
        """The record of a key's text, good or not; None for a text that is no key of ours."""
        match = KEY.fullmatch(text)
        if match is None:
            return None
        record = self.records().get(match[1])
        if record is None:
            return None
        seen = hashlib.sha256(text.encode()).digest()
        with self._lock:
            if self._good.get(seen) == record.id:
                return record
        if not hmac.compare_digest(hashed(match[2], record.salt), record.hash):
            return None
        with self._lock:
            self._good[seen] = record.id
            if len(self._good) > REMEMBERED_MAX:
                self._good.popitem(last=False)
        return record
