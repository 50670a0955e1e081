"""Whatever a profile or a travel file holds: a coded refusal or a success whose rows add up, and never anything else."""

import random
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from conftest import Books, Shelf
from klimatvaxling.errors import ExchangeError
from klimatvaxling.travel.file import open_travel_file
from klimatvaxling.travel.profile import Profile
from klimatvaxling.travel.profile_file import BadProfile, parse_profile
from klimatvaxling.travel.rows import TravelRows

IMPORTS = Path(__file__).parent.parent / "imports"
SOURCES = sorted(path.parent.name for path in IMPORTS.glob("*/profile.toml"))
COUNTS = ("rows_posted", "rows_already_imported", "rows_outside_scheme", "rows_rejected", "rows_held")
TEXTS = {name: (IMPORTS / name / "profile.toml").read_text(encoding="utf-8") for name in SOURCES}
WORDS = ("column", "columns", "constant", "map", "units", "times", "optional", "first_of", "dates", "is", "zzz", "")
ODD: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-5, 10**20),
        st.floats(allow_nan=True),
        st.sampled_from(["", "x", "[", "(a+)+$", "Kst", "Regnr", "none", "1e9", "-1", "\x00", "ä" * 300, "%Y-%q", "%"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)


def sample_of(source: str) -> Path:
    (sample,) = (IMPORTS / source).glob("exempel.*")
    return sample


def written(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04X}" for c in value) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{written(str(key))} = {written(each)}' for key, each in value.items())} }}"
    return str(value)


def document(content: dict[str, Any]) -> str:
    return "\n".join(f"{written(str(key))} = {written(value)}" for key, value in content.items()) + "\n"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a profile, as the keys that lead to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(content: Any, path: tuple[Any, ...], how: str, odd: Any) -> Any:
    """The content with something dropped, replaced, renamed or added at one place."""
    if not path:
        return {**content, "odd": odd} if how == "add" and isinstance(content, dict) else content
    key, *rest = path
    if rest:
        copy = dict(content) if isinstance(content, dict) else list(content)
        copy[key] = changed(content[key], tuple(rest), how, odd)
        return copy
    if isinstance(content, list):
        return [
            odd if index == key and how != "drop" else each
            for index, each in enumerate(content)
            if how != "drop" or index != key
        ]
    if how == "drop":
        return {name: each for name, each in content.items() if name != key}
    if how == "rename":
        return {(f"{key}x" if name == key else name): each for name, each in content.items()}
    if how == "add" and isinstance(content[key], dict):
        return {**content, key: {**content[key], "zzz": odd}}
    return {**content, key: odd}


def told(refusal: ExchangeError) -> None:
    assert refusal.code.startswith("KV-")
    assert refusal.what()
    assert refusal.facts or refusal.place.file


def parsed(source: str, text: str) -> Profile | None:
    """The profile in a text, or nothing where it is refused in words."""
    try:
        return parse_profile(source, text)
    except BadProfile as refusal:
        told(refusal)
        return None


def read_through(profile: Profile, file: Path) -> None:
    """Read a file to its end, or be refused with a code."""
    ways = {"sheet": profile.sheet, "delimiter": profile.delimiter, "encoding": profile.encoding}
    try:
        with open_travel_file(file, **ways) as opened:
            rows = TravelRows(opened, profile)
            data = sum(len(chunk.numbers) for chunk in rows)
    except ExchangeError as refusal:
        told(refusal)
    else:
        assert rows.rows_read == data + sum(rows.outside.values()) + len(rows.too_wide)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_profile_that_was_tampered_with_is_refused_by_its_key_or_reads_the_file(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(SOURCES))
    content: Any = tomllib.loads(TEXTS[source])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(content)))
        how = data.draw(st.sampled_from(["drop", "replace", "rename", "add"]))
        content = changed(content, path, how, data.draw(ODD))
    if profile := parsed(source, document(content)):
        read_through(profile, sample_of(source))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SOURCES), st.binary(max_size=300), st.integers(0, 10_000))
def test_a_profile_that_is_garbled_is_refused_or_reads_the_file(source: str, noise: bytes, where: int) -> None:
    text = TEXTS[source]
    at = where % len(text)
    if profile := parsed(source, text[:at] + noise.decode("latin-1") + text[at:]):
        read_through(profile, sample_of(source))


@pytest.mark.parametrize("depth", [100, 5_000, 100_000])
def test_a_profile_nested_deeper_than_anybody_writes_is_refused(depth: int) -> None:
    with pytest.raises(BadProfile):
        parse_profile("deep", "a = " + "[" * depth + "]" * depth)
    with pytest.raises(BadProfile):
        parse_profile("deep", TEXTS["taxi"] + "\nodd = " + "{ a = " * depth + "1" + " }" * depth)


# What turns up in files.
CELLS = (
    *("", " ", "Summa", "=1+1", "-", "\u2212", "1 234,5", "12,4 km", "3*GOT-ARN", "2025-13-40", "NIX", '"', "KST"),
    *("9" * 60, "Å" * 300, "\u2028"),
)


def messy(rows: list[list[Any]], draw: random.Random) -> list[list[Any]]:
    """The rows of a sample with cells changed, and rows lost, doubled, cut and lengthened."""
    rows = [list(row) for row in rows]
    for _ in range(draw.randrange(1, 12)):
        at = draw.randrange(len(rows))
        what = draw.randrange(7)
        if what == 0:
            rows.insert(draw.randrange(len(rows)), list(rows[at]))
        elif what == 1 and len(rows) > 2:
            del rows[at]
        elif what == 2:
            rows[at] = rows[at][: draw.randrange(len(rows[at]) + 1)]
        elif what == 3:
            rows[at] = [*rows[at], *draw.choices(CELLS, k=3)]
        elif rows[at]:
            rows[at][draw.randrange(len(rows[at]))] = draw.choice(CELLS)
    return rows


def messy_file(sample: Path, folder: Path, draw: random.Random) -> Path:
    """The sample made messy, in its own format."""
    if sample.suffix == ".xlsx":
        book = load_workbook(sample)
        rows = [list(row) for row in book.active.iter_rows(values_only=True)]
        book.active.delete_rows(1, len(rows))
        for row in messy(rows, draw):
            book.active.append(row)
        book.save(folder / "messy.xlsx")
        return folder / "messy.xlsx"
    raw = sample.read_bytes()
    marks = {b"\xff\xfe": "utf-16", b"\xef\xbb": "utf-8-sig"}
    text = raw.decode(marks.get(raw[:2], "cp1252"))
    delimiter = max(";,\t", key=text.count)
    rows = messy([line.split(delimiter) for line in text.splitlines()], draw)
    (folder / "messy.csv").write_bytes("\r\n".join(map(delimiter.join, rows)).encode())
    return folder / "messy.csv"


def _get_ready(books: Books) -> None:
    for command in (("unit", "load", "enheter.csv"), ("vehicle", "load", "fordon.csv")):
        assert books(*command[:2], IMPORTS.parent / "demo" / command[2]).code == 0


@pytest.mark.usefixtures("_cleared")
@settings(max_examples=3, deadline=None, suppress_health_check=[*HealthCheck])
@given(seed=st.integers(0, 10**9))
@pytest.mark.parametrize("source", SOURCES)
def test_a_messy_file_of_any_source_is_refused_or_its_rows_add_up(
    source: str, seed: int, shelf: Shelf, engine: str, tmp_path: Path
) -> None:
    shelf.once(engine, "ready for every source", _get_ready, of="fresh")
    shelf.clear()
    fresh_books = shelf.copy(engine, "ready for every source", Path(tempfile.mkdtemp(dir=tmp_path)))
    file = messy_file(sample_of(source), fresh_books.folder, random.Random(seed))
    for options in ((), ("--accept-partial",), ("--amend", "--accept-partial")):
        outcome = fresh_books("import", file, "--source", source, "--format", "json", *options)
        assert outcome.code in (0, 3, 4), outcome.err
        assert "KV-UNEXPECTED" not in outcome.err
        assert outcome.code == 0 or "KV-" in outcome.err
        if outcome.out:
            result = outcome.json
            assert result["rows_read"] == sum(result[name] for name in COUNTS)
    fresh_books.sound()
