"""Bytes of a text file to text: UTF-8 without marks, or one line that says why not."""

from pathlib import Path

from trimtab.units import DataError

# The longer marks stand first: UTF-32's begins with UTF-16's.
MARKS = (
    (b"\xef\xbb\xbf", "UTF-8"),
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        DataError: missing, unreadable, empty, with a byte order mark, a NUL, or not UTF-8.
    """
    return decoded(read_bytes(path), path.name)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file; DataError where it is missing or unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError("there is no such file", where=path.name) from None
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file that the machine will not give out."""
    reason = error.strerror or type(error).__name__
    return DataError("the file cannot be read", where=path.name, found=reason)


def decoded(content: bytes, where: str) -> str:
    """Return `content` as text; `where` names it in errors (see `read_text`)."""
    if not content:
        raise DataError("the file is empty", where=where)
    for mark, name in MARKS:
        if content.startswith(mark):
            raise DataError(
                "the file begins with a byte order mark",
                where=where,
                row=1,
                found=name,
                expected="UTF-8 without a mark",
                hint="save it as plain UTF-8",
            )
    nul = content.find(b"\0")
    if nul >= 0:
        raise DataError("the file holds a NUL byte", where=where, row=_row_at(content, nul))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            "the file is not UTF-8",
            where=where,
            row=_row_at(content, error.start),
            found=f"byte 0x{content[error.start]:02x}",
            expected="UTF-8",
        ) from None


def _row_at(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
