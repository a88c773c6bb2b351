"""Where a search for rules keeps its trials: one journal file, or a database by its URL."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trimtab.adapters.files.staging import unwritable
from trimtab.units import DataError, UsageError


def study_storage(place: str | Path) -> Any:
    """Return Optuna's storage at a place.

    Args:
        place: a URL such as "sqlite:///tune.db", or else the path of a journal file: a line for
            each thing that happened, so that an interruption leaves all finished trials.

    Raises:
        UsageError: Optuna is not installed. DataError: the file cannot be read or written.
    """
    if find_spec("optuna") is None:
        raise UsageError("optuna is not installed; install trimtab[sim]")
    import optuna
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if "://" in str(place):
        return RDBStorage(str(place))
    path = Path(place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        backend = JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path)))
        return JournalStorage(backend)
    except OSError as error:
        raise unwritable(path, error) from None
    except ValueError:
        raise DataError(
            "the file is no journal of trials", where=path.name, hint="take another file"
        ) from None
