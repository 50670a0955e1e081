"""The pictures in the documentation: the report in the README is the program's own, the drawing of the house is in step."""

import importlib.util
import os
import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from conftest import Books
from test_demo import demonstration  # noqa: F401

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"


def test_the_picture_in_the_readme_is_what_the_program_shows(
    demonstration: tuple[Books, str],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = importlib.util.spec_from_file_location("make_picture", ROOT / "docs" / "make_picture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delenv("NO_COLOR")
    drawn = module.picture(demonstration[0].url)
    if os.environ.get("KLIMATVAXLING_GOLDEN") == "write":
        module.PICTURE.parent.mkdir(exist_ok=True)
        module.PICTURE.write_text(drawn, encoding="utf-8")
    assert module.PICTURE.read_text(encoding="utf-8") == drawn
    assert "docs/pictures/balance.svg" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["balance.svg", "house.svg"])
def test_a_picture_fetches_nothing_and_says_what_it_shows(name: str) -> None:
    content = (PICTURES / name).read_text(encoding="utf-8")
    ElementTree.fromstring(content)
    assert not re.search(r"(?:href|src|url)\s*[=(]\s*[\"']?https?:", content)
    assert "<script" not in content
    pages = [ROOT / "README.md", ROOT / "docs" / "architecture.md"]
    shown = [
        text
        for page in pages
        for text in re.findall(rf"!\[([^\]]+)\]\([^)]*{name}\)", page.read_text(encoding="utf-8"))
    ]
    assert shown
    assert all(len(text) > 20 for text in shown)


def test_every_room_of_the_house_is_in_the_drawing_and_no_other() -> None:
    drawn = set(
        re.findall(r'class="room"[^>]*data-rooms="([^"]+)"', (PICTURES / "house.svg").read_text(encoding="utf-8"))
    )
    rooms = {room for several in drawn for room in several.split()}
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][
        0
    ]
    inside = {
        name.strip().split(".")[1]
        for layer in layers["layers"]
        for name in layer.replace("(", "").split("|")
        if "." in name
    }
    assert inside - rooms == set()
    assert rooms - inside == set()
