"""A PostgreSQL server of the tests' own, from the system's package: started, stopped, restarted."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

OWNER = "postgres"
# Where Debian's package puts what no path holds.
PACKAGED = Path("/usr/lib/postgresql")
MEMORY = Path("/dev/shm")
START_S = 60.0


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    versions = sorted(PACKAGED.glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def postgres_or_skip() -> PostgresOfTests:
    """A server, not yet started; skips the test where PostgreSQL is not installed."""
    import pytest

    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: no initdb on the path or in Debian's place")
    return PostgresOfTests()


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run a statement beside a journal; the rows that it gives."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return [] if cursor.description is None else cursor.fetchall()


class PostgresOfTests:
    """A server on a socket of its own folder; nothing listens on the network."""

    def __init__(self, *, on_disk: bool = False) -> None:
        found = binaries()
        assert found is not None, "PostgreSQL is installed"
        self._binaries = found
        self._schemas = itertools.count(1)
        # The socket's path has to be short, and a test's own folder is root's. In memory, where
        # there is such a place: what is tested is the death of processes, not of disks.
        place = MEMORY if os.access(MEMORY, os.W_OK) and not on_disk else None
        self.folder = Path(tempfile.mkdtemp(prefix="trimtab-pg-", dir=place))
        self._as_owner: list[str] = []
        if os.getuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            names = [f"--reuid={OWNER}", f"--regid={owner.pw_gid}", "--init-groups"]
            self._as_owner = ["setpriv", *names]
        self._process: subprocess.Popen[bytes] | None = None
        how = ["-D", str(self.folder / "data"), "-A", "trust", "-U", OWNER]
        self._run("initdb", *how, "-E", "UTF8", "--locale=C", "--no-sync")

    def url(self, schema: str = "public") -> str:
        path = f"options=-csearch_path%3D{schema}"
        return f"postgresql://{OWNER}@/postgres?host={self.folder}&{path}"

    def start(self, *settings: str) -> None:
        assert self._process is None, "it runs"
        how = ["-D", str(self.folder / "data"), "-k", str(self.folder)]
        each = ["listen_addresses=", "shared_buffers=16MB", "max_connections=20", *settings]
        how += [word for setting in each for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_owner, str(self._binaries / "postgres"), *how],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self._wait()

    def stop(self, *, crash: bool = False) -> None:
        """Stop at once: in order, or as if the power went (recovery at the next start)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
            self._process.wait(timeout=START_S)
            self._process = None

    def create(self) -> str:
        """A place of its own for one journal; its URL. A database of its own takes a second."""
        schema = f"journal_{next(self._schemas)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{schema}"')
        return self.url(schema)

    def close(self) -> None:
        self.stop(crash=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        began = time.monotonic()
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                assert self._process is not None
                log = (self.folder / "log").read_text()[-2000:]
                assert self._process.poll() is None, log
                assert time.monotonic() - began < START_S, log
                time.sleep(0.05)

    def _run(self, program: str, *words: str) -> None:
        command = [*self._as_owner, str(self._binaries / program), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, done.stderr
