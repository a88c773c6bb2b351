"""Keys at rest: made once, found by their text alone, ended by time or by hand."""

import json
import stat
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests.apps.command_line import ask
from trimtab.apps.service import keyring
from trimtab.apps.service.keyring import (
    KEY,
    KeyRecord,
    Keyring,
    add_key,
    hashed,
    read_keys,
    revoke_key,
    write_keys,
)
from trimtab.apps.service.security import Role
from trimtab.units import DataError, UsageError

PRICE = keyring.SCRYPT
NOW = 1_700_000_000 * 10**9
RECORD = KeyRecord("0" * 12, "desk", "read", "00" * 16, "ff" * 32, NOW)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cheaper hash: what is asked here does not hang on its price."""
    monkeypatch.setattr(keyring, "SCRYPT", PRICE | {"n": 2})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "keys.json"


def test_the_file_has_neither_the_key_nor_its_secret(file: Path) -> None:
    text, record = add_key(file, "desk", role=Role.OPERATE, now_ns=NOW)
    match = KEY.fullmatch(text)
    assert match is not None
    written = file.read_text()
    assert match[1] in written
    assert match[2] not in written
    assert text not in written
    assert record.hash == hashed(match[2], record.salt)
    assert (len(record.hash), len(record.salt)) == (64, 32)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["keys.json"], "nothing is left beside it"


def test_the_same_secret_under_two_salts_is_two_hashes() -> None:
    assert hashed("a", "00" * 16) != hashed("a", "01" * 16)
    assert hashed("a", "00" * 16) != hashed("b", "00" * 16)
    assert hashed("a", "00" * 16) == hashed("a", "00" * 16)


def test_the_price_of_a_guess_is_what_the_standard_asks() -> None:
    assert (PRICE["n"], PRICE["r"], PRICE["p"]) == (16384, 8, 1)
    assert keyring.SECRET_BYTES * 8 >= 256


def test_a_record_survives_its_file(file: Path) -> None:
    ended = replace(RECORD, id="1" * 12, role="admin", ends_ns=NOW + 1, revoked_ns=NOW)
    records = {one.id: one for one in (RECORD, ended)}
    write_keys(file, records)
    assert read_keys(file) == records


def test_no_file_is_no_key(file: Path) -> None:
    assert read_keys(file) == {}
    assert Keyring(file).find(f"trimtab_{'0' * 12}_{'A' * 43}") is None


@pytest.mark.parametrize(
    ("after_ns", "revoked_ns", "state"),
    [
        (-1, None, "good"),
        (0, None, "expired"),
        (1, None, "expired"),
        (-1, NOW, "revoked"),
        (1, NOW, "revoked"),
    ],
)
def test_a_key_is_good_up_to_its_end(after_ns: int, revoked_ns: int | None, state: str) -> None:
    assert replace(RECORD, ends_ns=NOW, revoked_ns=revoked_ns).state(NOW + after_ns) == state


def test_a_key_without_an_end_stays_good() -> None:
    assert RECORD.state(2**62) == "good"


def test_each_key_finds_its_own_record(file: Path) -> None:
    made = [add_key(file, f"desk{n}", role=Role.READ, now_ns=NOW) for n in range(4)]
    ring = Keyring(file)
    for _ in range(2):  # the second time from what is remembered
        assert [ring.find(text) for text, _ in made] == [record for _, record in made]
    assert len({text for text, _ in made}) == len({record.salt for _, record in made}) == 4


@pytest.mark.parametrize("wrong", ["", "{}", "x{}", "{}x", "{} ", "{}\n", "TRIMTAB_{}"])
def test_what_is_nearly_a_key_is_none(file: Path, wrong: str) -> None:
    text, _ = add_key(file, "desk", role=Role.READ, now_ns=NOW)
    ring = Keyring(file)
    given = wrong.format(text)
    assert (ring.find(given) is not None) == (given == text)


def test_the_id_of_one_key_with_the_secret_of_another_is_none(file: Path) -> None:
    (one, _), (two, _) = (add_key(file, n, role=Role.READ, now_ns=NOW) for n in ("a", "b"))
    ring = Keyring(file)
    assert ring.find(one) is not None
    mixed = one[: len("trimtab_") + 12] + two[len("trimtab_") + 12 :]
    assert ring.find(mixed) is None
    assert ring.find(mixed) is None, "nor is it remembered"


def test_a_running_service_hears_of_a_key_that_is_revoked(file: Path) -> None:
    text, record = add_key(file, "desk", role=Role.ADMIN, now_ns=NOW)
    ring = Keyring(file)
    assert ring.find(text) == record
    assert revoke_key(file, "desk", now_ns=NOW + 5) == 1
    found = ring.find(text)
    assert found is not None
    assert (found.state(NOW), found.revoked_ns) == ("revoked", NOW + 5)
    with pytest.raises(UsageError, match="no key of the name 'desk'"):
        revoke_key(file, "desk", now_ns=NOW + 6)


def test_a_key_that_is_no_longer_in_the_file_is_none(file: Path) -> None:
    text, _ = add_key(file, "desk", role=Role.READ, now_ns=NOW)
    ring = Keyring(file)
    assert ring.find(text) is not None
    file.unlink()
    assert ring.find(text) is None


def test_only_so_many_good_keys_are_remembered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "REMEMBERED_MAX", 2)
    texts = [add_key(file, f"d{n}", role=Role.READ, now_ns=NOW)[0] for n in range(5)]
    ring = Keyring(file)
    assert all(ring.find(text) is not None for text in texts)
    assert len(ring._good) == 2
    assert not any(text.encode() in ring._good for text in texts), "digests alone are kept"


def test_a_name_is_free_again_when_its_key_has_ended(file: Path) -> None:
    first, _ = add_key(file, "desk", role=Role.READ, now_ns=NOW, ends_ns=NOW + 10)
    with pytest.raises(UsageError, match="already; revoke it first"):
        add_key(file, "desk", role=Role.READ, now_ns=NOW + 9)
    second, _ = add_key(file, "desk", role=Role.READ, now_ns=NOW + 10)
    ring = Keyring(file)
    states = [found.state(NOW + 10) for text in (first, second) if (found := ring.find(text))]
    assert states == ["expired", "good"]
    assert revoke_key(file, "desk", now_ns=NOW + 11) == 2


@pytest.mark.parametrize("name", ["", " ", "-a", "a b", "a/b", "ä", "a\n", "x" * 65])
def test_names_that_are_unusable_write_nothing(file: Path, name: str) -> None:
    with pytest.raises(UsageError, match="NAME"):
        add_key(file, name, role=Role.READ, now_ns=NOW)
    assert not file.exists()


def test_an_end_that_is_past_writes_nothing(file: Path) -> None:
    with pytest.raises(UsageError, match="2023-11-14T22:13:20Z is past"):
        add_key(file, "desk", role=Role.READ, now_ns=NOW, ends_ns=NOW)
    assert not file.exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "null",
        "5",
        '["a"]',
        '[{"id": "a"}]',
        json.dumps([{"id": "a", "unknown": 1}]),
        json.dumps([asdict(RECORD) | {"role": "root"}]),
        json.dumps([asdict(RECORD) | {"role": 5}]),
    ],
)
def test_a_file_that_is_no_list_of_keys_is_bad_data(file: Path, content: str) -> None:
    write_keys(file, {})
    file.write_text(content)
    with pytest.raises(DataError, match=r"keys\.json: the file is no list of keys"):
        read_keys(file)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    write_keys(file, {RECORD.id: RECORD})
    file.chmod(mode)
    with pytest.raises(DataError, match=r"chmod 600 keys\.json"):
        Keyring(file)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add",), "Missing argument 'NAME'"),
        (("add", "desk", "--role", "root"), "expected one of read, operate, admin"),
        (("add", "desk", "--expires", "2001-01-01"), "2001-01-01T00:00:00Z is past"),
        (("add", "desk", "--expires", "soon"), "--expires"),
        (("add", "a b"), "expected letters, digits"),
        (("revoke", "desk"), "no key of the name 'desk'"),
        (("list", "--format", "csv"), "expected table or json"),
        (("show",), "No such command"),
    ],
)
def test_verbs_of_keys_refuse_in_one_line(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask("keys", *words)
    assert answer.code == 2
    assert said.lower() in answer.complaint.lower()
    assert list(tmp_path.iterdir()) == []


def test_a_key_goes_to_stdout_once_and_lists_never_show_it(file: Path) -> None:
    made = ask("keys", "add", "desk", "--role", "operate", "--file", file)
    assert (made.code, made.out.count("\n")) == (0, 1)
    assert made.out.strip() not in made.err
    assert ask("keys", "revoke", "desk", "--file", file).err == "1 key of desk revoked\n"
    shown = ask("keys", "list", "--file", file, "--format", "json")
    row: dict[str, Any] = json.loads(shown.out)[0]
    told = {name: row[name] for name in ("name", "role", "state", "expires")}
    assert told == {"name": "desk", "role": "operate", "state": "revoked", "expires": None}
    table = ask("keys", "list", "--file", file).out
    assert "revoked" in table
    assert made.out.strip()[20:] not in table + shown.out
