"""The program in a process that can be killed at any step it takes towards the disk.

A step is a statement sent to SQLite, or a file opened, made safe (fsync), renamed, linked or removed. With a server it is
every exchange: before it is sent, while the answer is waited for, and after. Nothing of this is in the program: Python
tells of files by audit events, SQLite of statements by its trace callback, and the driver waits in one place.

Run as a program, this file is a server: each line on standard input is an order, for which it forks a process that runs
the program's own entry point with everything already imported, and answers with one line.
"""

import importlib
import json
import os
import pkgutil
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.waiting import Wait

FILE_EVENTS = frozenset({"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.chmod", "os.truncate"})
# Python's own work is no step of the program.
NOT_OURS = (".py", ".pyc", ".so", ".mo", ".po", ".toml", "/dev/null")


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, or -9 when it was killed; how many steps it took, and how many commits on a server;
    what it said."""

    code: int
    steps: int
    commits: int
    said: str


class Program:
    """The program, ready to be run and killed many times."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: object, kill_at: int | str | None = None, later: Path | None = None) -> Ended:
        """Run the program; kill it at a step, the first being 1, or `before commit 1`, `during commit 1`, `after commit 1`
        on a server. `later` are migrations of a later program."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        said = self.folder / "said.txt"
        order = {
            "arguments": [str(argument) for argument in arguments],
            "kill_at": kill_at,
            "said": str(said),
            "steps": str(self.folder / "steps.txt"),
            "later": None if later is None else str(later),
        }
        (self.folder / "steps.txt").write_text("0 0")
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        steps, commits = map(int, (self.folder / "steps.txt").read_text().split())
        return Ended(code, steps, commits, said.read_text(encoding="utf-8"))

    def close(self) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=30)
        self._server.stdout.close()


class Steps:
    """Counts the steps of this process and kills it at one of them."""

    def __init__(self, kill_at: int | str | None) -> None:
        self.count, self.commits, self.kill_at = 0, 0, kill_at

    def watch(self) -> None:
        fsync = os.fsync

        def watched(handle: int) -> None:
            self.take()
            fsync(handle)

        connect = sqlite3.connect

        def connected(*given: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*given, **options)
            connection.set_trace_callback(self.take)
            return connection

        os.fsync = watched
        sqlite3.connect = sqlite3.dbapi2.connect = connected  # type: ignore[attr-defined]
        sys.addaudithook(self._hear)
        self._watch_the_server()

    def _watch_the_server(self) -> None:
        wait, commit = psycopg.Connection.wait, psycopg.Connection.commit
        committing = False

        def seen(exchange: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
            try:
                state = next(exchange)
                while True:
                    if state == Wait.R:  # everything is sent
                        self.take()
                        self.at("during" if committing else "")
                    state = exchange.send((yield state))
            except StopIteration as end:
                return end.value

        def waited(connection: Any, exchange: Any, *given: Any, **options: Any) -> Any:
            self.take()
            answer = wait(connection, seen(exchange), *given, **options)
            self.take()
            return answer

        def committed(connection: Any) -> None:
            nonlocal committing
            self.commits += 1
            self.at("before")
            committing = True
            commit(connection)
            committing = False
            self.at("after")

        psycopg.Connection.wait = waited  # type: ignore[method-assign]
        psycopg.Connection.commit = committed  # type: ignore[method-assign]

    def at(self, moment: str) -> None:
        if self.kill_at == f"{moment} commit {self.commits}":
            os.kill(os.getpid(), signal.SIGKILL)

    def take(self, *_: object) -> None:
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self, event: str, what: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS and not str(what[0]).endswith(NOT_OURS):
            self.take()


def _child(order: Mapping[str, Any]) -> int:
    """What the forked process does; gives the exit code."""
    from klimatvaxling.database import engine, migrate
    from klimatvaxling.terminal.main import main

    said = os.open(order["said"], os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    os.dup2(said, 1)
    os.dup2(said, 2)
    if order["later"] is not None:
        folder = Path(order["later"])
        migrate.shipped = lambda _: folder  # type: ignore[assignment]
        migrate.SCHEMA_REVISION = engine.SCHEMA_REVISION = "0003"
    steps = Steps(order["kill_at"])
    steps.watch()
    code: Any = 0
    try:
        main(order["arguments"])
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    count = steps.count
    steps.kill_at = None
    Path(order["steps"]).write_text(f"{count} {steps.commits}")
    return int(code or 0)


def serve(orders: Sequence[str]) -> None:
    """Import everything once, then fork for every order."""
    import klimatvaxling

    for module in pkgutil.walk_packages(klimatvaxling.__path__, "klimatvaxling."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("klimatvaxling.terminal.app").command()
    for line in orders:
        pid = os.fork()
        if pid == 0:
            os._exit(_child(json.loads(line)))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve(sys.stdin)  # type: ignore[arg-type]
