"""Output that appears whole or not at all: one file by rename, a folder file by file."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.units import DataError


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is synced and renamed to `path`.

    Where the body fails, nothing has changed and the temporary file is gone.

    Raises:
        DataError: the machine refuses: no folder, no room, no permission.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def staged_folder(out: Path, known: Collection[str] = ()) -> Iterator[Path]:
    """Yield a hidden folder beside `out`; on success its files move into `out`, one by one.

    Args:
        out: the folder that shall hold the output; made where it is missing.
        known: names (relative, with `/`) that the caller's own output has. Of the files already in
            `out` these alone are replaced; every other one is left as it is.

    Raises:
        DataError: `out` is no folder, or a staged file would replace one that is not `known`;
            then nothing has moved.
    """
    if out.exists() and not out.is_dir():
        raise DataError("the output is not a folder", where=out.name, expected="a folder")
    target = out.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(
            tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        )
    except OSError as error:
        raise unwritable(out, error) from None
    try:
        yield staged
        _move(staged, target, known=known)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def unwritable(path: Path, error: OSError) -> DataError:
    """The error for a file or folder that the machine will not take."""
    reason = error.strerror or type(error).__name__
    return DataError("the output cannot be written", where=path.name, found=reason)


def _move(staged: Path, target: Path, *, known: Collection[str]) -> None:
    files = sorted(path for path in staged.rglob("*") if path.is_file())
    moves = [(path, target / path.relative_to(staged)) for path in files]
    for path, destination in moves:
        name = path.relative_to(staged).as_posix()
        if name not in known and destination.exists():
            raise DataError(
                "the output folder holds a file of this name that is not an earlier output",
                where=target.name,
                found=name,
                expected="another folder",
            )
    try:
        for path, destination in moves:
            destination.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, destination)
        target.mkdir(exist_ok=True)
        _sync(target)
    except OSError as error:
        raise unwritable(target, error) from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
