"""How reports look: at three widths, in both languages. A table gives up columns and words, never a figure."""

import os
import re
from pathlib import Path

import pytest

from conftest import Books, Shelf, keep_as
from klimatvaxling.terminal.surroundings import Surroundings
from two_years import live_through

GOLDEN = Path(__file__).parent / "golden"
DAY = ("--as-of", "2025-12-31")
REPORTS = {
    "balance": ("balance", *DAY),
    "statement": ("statement", "--unit", "SBF", "--year", "2025", *DAY),
    "expiring": ("expiring", "--within", "60", *DAY),
    "fund": ("fund", "--year", "2025", *DAY),
    "completeness": ("completeness", "--year", "2025", *DAY),
    "journal": ("journal", "--period", "2025-03", *DAY),
    "grant-list": ("grant", "list", *DAY),
    "grant-show": ("grant", "show", "1", *DAY),
    "grant-rank": ("grant", "rank", "--as-of", "2025-02-28"),
    "measure-list": ("measure", "list", *DAY),
    "closing": ("report", "closing", "--year", "2025"),
    "explain-unit": ("explain", "unit:BUF", *DAY),
    "unit-year": ("report", "year", "--year", "2025", "--unit", "SBF", *DAY),
}
WIDTHS = (60, 80, 120)
# What differs from run to run: hashes and times of registration.
_HASH, _STAMP = re.compile(r"\b[0-9a-f]{12}\b"), re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_FIGURE = re.compile(r"-?[\d\u00a0,. ]*\d[,.]\d+")


@pytest.fixture(scope="module")
def lived_books(shelf: Shelf, engine: str) -> Books:
    """Columns are as wide as the name of whoever keeps the books: it has four letters, on a server too."""

    def live(books: Books) -> None:
        keep_as(books, "kv_r")
        live_through(books)

    if engine == "postgresql":
        return shelf.once(engine, "two years of somebody", live, of=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Surroundings, "user", property(lambda _: "kv_r"))
        return shelf.once(engine, "two years of somebody", live_through)


def shown(books: Books, report: str, spoken: str, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    outcome = books(*REPORTS[report], "--language", spoken)
    assert (outcome.code, outcome.err) == (0, "")
    assert "\x1b" not in outcome.out
    lines = (line.rstrip().replace("kv_r", "root").replace(" root ", " xxxx ") for line in outcome.out.splitlines())
    return _STAMP.sub("<time>", _HASH.sub("<head>", "\n".join(lines))) + "\n"


@pytest.mark.parametrize("spoken", ["sv", "en"])
@pytest.mark.parametrize("report", REPORTS)
def test_a_report_looks_as_the_golden_one(
    lived_books: Books, report: str, spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(f"-- {width}\n{shown(lived_books, report, spoken, width, monkeypatch)}" for width in WIDTHS)
    path = GOLDEN / f"table-{report}.{spoken}.txt"
    if os.environ.get("GOLDEN") == "write":  # to be read before it is kept
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("report", REPORTS)
def test_a_narrow_terminal_cuts_no_figure_off(lived_books: Books, report: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def figures(width: int) -> set[str]:
        table = (line for line in shown(lived_books, report, "en", width, monkeypatch).splitlines() if line[:1] == " ")
        cells = (cell for line in table for cell in re.split(r" {2,}", line.strip()))
        return {cell for cell in cells if _FIGURE.fullmatch(cell)}

    whole = figures(250)
    for width in (40, 50, 60, 80):
        assert figures(width) <= whole, width
    assert whole
