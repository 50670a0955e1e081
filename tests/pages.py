"""The pages for users, run as they are read: every command in order, in a folder with the page's example files.

A page is Markdown. A block fenced as `console` holds commands after `$ ` and what they show. Comments that no reader
sees stand on lines of their own between the blocks:

    <!-- datum 2025-02-10 -->            the day it is from here on
    <!-- returkod 3 -->                  the exit code of the next block's last command
    <!-- excel FILE C3=2010 -->          somebody writes a cell of a workbook
    <!-- fil FILE -->                    the next block shows this file
    <!-- skriv FILE -->                  the next block is what somebody writes into this file
    <!-- bakgrund                        commands that are run before the page begins
    $ klimatvaxling …
    -->

A line `…` in what is shown stands for lines left out.
"""

import contextlib
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
from freezegun import freeze_time

from klimatvaxling.terminal.main import main

FOLDER = Path(__file__).parent.parent / "docs" / "sv"
EXAMPLES = FOLDER / "exempel"
GENERATED = ("kommandon.md", "felkoder.md")
PAGES = tuple(sorted(path for path in FOLDER.glob("*.md") if path.name not in GENERATED))
COLUMNS = "100"
_LEFT_OUT = "…"
# Each voucher has a nonce, so every hash differs from run to run, and so does the size of what holds hashes.
_HASH = re.compile(r"\b[0-9a-f]{12,64}\b")
_REST_OF_HASH = re.compile(r"([0-9a-f]{12,64}\n {20,})([0-9a-f]{1,51})$", re.MULTILINE)
_SIZE = re.compile(r"\b[0-9]{1,3}(?:[ \u00a0][0-9]{3})+ byte\b")
_READERS_FOLDER = "/home/anna/vaxling"


class PageFault(AssertionError):
    """A page says something else than the program."""


def masked(text: str, folder: Path) -> str:
    """What is shown, without what differs from run to run."""
    for name in {str(folder), str(folder.resolve())}:
        text = text.replace(name, _READERS_FOLDER)
    text = _HASH.sub(lambda found: ("0123456789abcdef" * 4)[: len(found[0])], text)
    text = "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))
    text = _REST_OF_HASH.sub(lambda found: found[1] + ("0123456789abcdef" * 4)[: len(found[2])], text)
    return _SIZE.sub(lambda found: "5" + re.sub("[0-9]", "0", found[0][1:]), text)


def commands_of(block: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, on one line, with the lines that are shown below it."""
    rest = list(block)
    while rest:
        first = rest.pop(0)
        if not first.startswith("$ "):
            raise PageFault(f"no command: {first}")
        written = [first]
        while written[-1].endswith("\\"):
            written.append(rest.pop(0))
        shown = []
        while rest and not rest[0].startswith("$ "):
            shown.append(rest.pop(0))
        yield "\n".join(written), shown


class Run:
    """A page being read in a folder of its own. `lines` becomes the page as it should be."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.lines: list[str] = []
        self.commands = 0
        self._frozen: Any = None
        self._code, self._shown, self._written = 0, "", ""
        shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)

    def through(self) -> str:
        """The page with what each command really shows. Raises `PageFault`."""
        lines = iter(self.page.read_text(encoding="utf-8").splitlines())
        try:
            for line in lines:
                self.lines.append(line)
                if line.startswith("```"):
                    self.lines += [*self._fenced(line, _until(lines, "```")), "```"]
                elif comment := re.fullmatch(r"<!-- (\w+)(?: (.*?))?(?: -->)?", line):
                    self._note(comment[1], comment[2], lines)
        finally:
            if self._frozen is not None:
                self._frozen.stop()
        return "\n".join(self.lines) + "\n"

    def _fenced(self, fence: str, block: list[str]) -> list[str]:
        """What stands in a fenced block."""
        if fence == "```console":
            code, self._code = self._code, 0
            return self._block(block, code)
        if self._shown:
            file, self._shown = self.folder / self._shown, ""
            return file.read_text(encoding="utf-8").splitlines()
        if self._written:
            (self.folder / self._written).write_text("\n".join(block) + "\n", encoding="utf-8")
            self._written = ""
        return block

    def _note(self, what: str, words: str, lines: Iterator[str]) -> None:
        """What a comment asks for."""
        match what:
            case "datum":
                self._day(words)
            case "returkod":
                self._code = int(words)
            case "excel":
                self._excel(words)
            case "fil":
                self._shown = words
            case "skriv":
                self._written = words
            case "bakgrund":
                hidden = _until(lines, "-->")
                for command, _ in commands_of(hidden):
                    self._run(command, 0)
                self.lines += [*hidden, "-->"]
            case _:
                raise PageFault(f"{self.page.name}: unknown comment {what}")

    def _day(self, day: str) -> None:
        if self._frozen is not None:
            self._frozen.stop()
        self._frozen = freeze_time(f"{day} 09:00:00")
        self._frozen.start()

    def _excel(self, words: str) -> None:
        name, *cells = shlex.split(words)
        book = openpyxl.load_workbook(self.folder / name)
        for cell in cells:
            place, _, value = cell.partition("=")
            book.worksheets[0][place] = value
        book.save(self.folder / name)

    def _block(self, block: list[str], code: int) -> list[str]:
        commands, lines = list(commands_of(block)), []
        for number, (command, shown) in enumerate(commands, 1):
            output = self._run(command, code if number == len(commands) else 0)
            lines += [*command.split("\n"), *_as_shown(output, shown)]
        return lines

    def _run(self, command: str, code: int) -> list[str]:
        self.commands += 1
        program, *arguments = shlex.split(command.removeprefix("$ ").replace("\\\n", " "))
        if program != "klimatvaxling":
            raise PageFault(f"{self.page.name}: not a command of the program: {command}")
        screen = io.StringIO()
        given: Any = 0
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            try:
                main(arguments)
            except SystemExit as stop:
                given = stop.code
        if given != code:
            raise PageFault(f"{self.page.name}: {command}\ngives {given}, not {code}:\n{screen.getvalue()}")
        return masked(screen.getvalue(), self.folder).split("\n") if screen.getvalue().strip() else []


def _until(lines: Iterator[str], end: str) -> list[str]:
    found = []
    for line in lines:
        if line == end:
            return found
        found.append(line)
    raise PageFault(f"no {end}")


def _as_shown(output: list[str], shown: list[str]) -> list[str]:
    """The output with the same lines left out as on the page."""
    if _LEFT_OUT not in shown:
        return output
    place = shown.index(_LEFT_OUT)
    before, after = place, len(shown) - place - 1
    return [*output[:before], _LEFT_OUT, *(output[-after:] if after else [])]
