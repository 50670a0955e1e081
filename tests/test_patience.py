"""How long a command waits for somebody else who writes: one setting, on both engines."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from conftest import Books, run
from klimatvaxling.database.patience import ENVIRONMENT_VARIABLE, USUAL_S, lock_seconds
from server import KEEPER, server

POLICY = ("policy", "set", "rate", "2", "--from", "2030-01-01", "--decision", "KS")


@contextlib.contextmanager
def somebody_writes(books: Any) -> Iterator[None]:
    """Another session, in the middle of something."""
    if books.on_server:
        with psycopg.connect(server().address(books.database, KEEPER)) as other:
            other.execute("SELECT 1 FROM book FOR UPDATE")
            yield
        return
    with contextlib.closing(sqlite3.connect(books.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("seconds", [1, 2])
def test_a_command_waits_as_long_as_it_is_told_and_then_says_so(
    books: Books, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(seconds))
    before = books.dump()
    with somebody_writes(books):
        begun = time.monotonic()
        outcome = books(*POLICY)
        waited = time.monotonic() - begun
        assert books("balance").code == 0  # who reads is not in the way
    assert (outcome.code, "KV-DATABASE-BUSY" in outcome.err) == (4, True)
    assert seconds - 0.1 < waited < USUAL_S / 2
    assert books.dump() == before
    assert books(*POLICY).code == 0


@pytest.mark.parametrize("given", ["", "0", "-1", "3601", "1,5", "soon", "1e3", "NaN"])
def test_what_is_no_sensible_number_of_seconds_is_refused(
    books: Books, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, given)
    for command in (POLICY, ("balance",), ("init",)):
        outcome = books(*command)
        assert (outcome.code, f"KV-LOCK-SECONDS: “{given}” in {ENVIRONMENT_VARIABLE}" in outcome.err) == (2, True)


def test_books_are_not_begun_with_a_setting_that_is_refused(no_books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "soon")
    assert no_books("init").code == 2
    assert not no_books.file.exists()
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    assert no_books("init").code == 0


@pytest.mark.parametrize(("given", "seconds"), [(None, 30), ("1", 1), ("3600", 3600), (" 90 ", 90), ("1 200", 1200)])
def test_seconds_are_written_as_every_number(monkeypatch: pytest.MonkeyPatch, given: str | None, seconds: int) -> None:
    if given is not None:
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, given)
    assert lock_seconds() == seconds


def test_the_setting_is_explained() -> None:
    assert "KV-DATABASE-BUSY" in run("explain", "KV-LOCK-SECONDS").out
