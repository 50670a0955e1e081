"""Whatever is typed: never a traceback, always an exit code of the program, and a code in words on standard error.

tests/fuzz.py does the same for as long as one likes (`make fuzz`) and keeps what it finds in tests/corpus, which is tried
here again.
"""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Books, Shelf, do_everything, run
from fuzz import CORPUS, TEMPLATES, answered, commands, words_of

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def text() -> st.SearchStrategy[str]:
    """What people type and what nobody would: figures and dates gone wrong, every kind of character, and long ones."""
    likely = st.from_regex(r"\A[-+ 0-9.,:/\u00a0\u2212kr]{0,14}\Z")
    dates = st.from_regex(r"\A[0-9]{1,5}[-/.]?[0-9]{0,2}[-/.]?[0-9]{0,3}(T[0-9:.]{0,9}[Z+0-9:]{0,6})?\Z")
    return st.one_of(
        likely, dates, st.text(max_size=30), st.sampled_from(["", " ", "-", "--", "0", "9" * 40, "😀", "\x00", "{x}"])
    )


@pytest.fixture(scope="module")
def everything_once(shelf: Shelf, engine: str) -> Books:
    """Books in which everything has happened once."""
    return shelf.once(engine, "everything", do_everything)


@FEW
@given(template=st.sampled_from(TEMPLATES), value=text())
def test_whatever_is_typed_is_answered_in_words(everything_once: Books, template: str, value: str) -> None:
    answered(words_of(template, value), everything_once)


@FEW
@given(words=st.lists(st.one_of(st.sampled_from(commands()), text()), max_size=6))
def test_any_words_on_the_command_line_are_answered(everything_once: Books, words: list[str]) -> None:
    answered(words, everything_once)


@FEW
@given(
    login=st.text(max_size=8), secret=st.from_regex(r"\A[A-Za-z0-9@:/?#%&=+]{6,20}\Z"), rest=st.text(max_size=12),
    shape=st.sampled_from(["postgresql+psycopg://{0}:{1}@127.0.0.1:1/{2}", "postgresql://{0}:{1}@{2}", "mysql://{0}:{1}@h/{2}",
                           "sqlite:///{0}/{1}/{2}", "{0}:{1}{2}", "postgresql+psycopg://127.0.0.1:1/{2}?password={1}"]),
)  # fmt: skip
def test_any_address_of_a_database_is_answered(login: str, secret: str, rest: str, shape: str) -> None:
    outcome = run("--database", shape.format(login, secret, rest), "balance")
    assert outcome.code in (2, 3, 4), outcome
    assert re.match(r"KV-[A-Z-]+: ", outcome.err), outcome


@pytest.mark.parametrize("found", sorted(CORPUS.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_found_once_stays_answered(everything_once: Books, found: Path) -> None:
    answered(json.loads(found.read_text(encoding="utf-8")), everything_once)


def test_a_fault_is_kept_in_the_corpus(tmp_path: Path) -> None:
    from fuzz import keep

    kept = keep(["balance", "--as-of", "\u0000"], tmp_path)
    assert json.loads(kept.read_text(encoding="utf-8")) == ["balance", "--as-of", "\u0000"]
    assert keep(["balance", "--as-of", "\u0000"], tmp_path) == kept


def test_the_books_are_left_alone_by_what_is_refused(everything: Books) -> None:
    before = everything.dump()
    for template in TEMPLATES:
        answered(words_of(template, "²½\u2028{}"), everything)
    assert everything.dump() == before
