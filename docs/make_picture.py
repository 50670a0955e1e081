"""Draws a report as the terminal shows it, for the README: the demonstration's balance, by Rich's own export.

`make docs` and tests/test_picture.py use it; the demonstration's books must be there (demo/run.sh).
"""

import contextlib
import html
import io
import re
from pathlib import Path

import rich.console

from klimatvaxling import language

PICTURE = Path(__file__).parent / "pictures" / "balance.svg"
COMMAND = ("balance", "--as-of", "2025-12-31")
COLUMNS = 100
_CELL = 12.2


def picture(url: str) -> str:
    """The balance of the books at `url`, drawn."""
    from klimatvaxling.terminal.main import main

    drawn = rich.console.Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )
    ordinary, spoken = rich.console.Console, language.current()
    rich.console.Console = lambda **_: drawn  # type: ignore[misc, assignment]
    try:
        drawn.print(f"[bold]$[/bold] klimatvaxling {' '.join(COMMAND)}")
        with contextlib.suppress(SystemExit):
            main(["--database", url, "--language", "sv", *COMMAND])
    finally:
        rich.console.Console = ordinary  # type: ignore[misc]
        language.use(spoken)
    svg = drawn.export_svg(title="Klimatväxling", unique_id="balance")
    # Every voucher has a nonce, so that each chain ends otherwise. Fonts are the reader's own: nothing is fetched.
    svg = re.sub(r"\b[0-9a-f]{12}\b", "0123456789ab", svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace(' clip-path="url(#balance-clip-terminal)"', "")
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: ui-monospace, Menlo, Consolas, monospace")
    svg = re.sub(
        r"<!--.*?-->|<clipPath id=\"balance-line-.*?</clipPath>| clip-path=\"url\(#balance-line-\d+\)\"",
        "",
        svg,
        flags=re.DOTALL,
    )
    svg = re.sub(
        r'<text class="(balance-r\d+)" x="([0-9.]+)" y="([0-9.]+)" textLength="[0-9.]+">(.*?)</text>', _placed, svg
    )
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def _placed(found: re.Match[str]) -> str:
    """A run of letters where it begins to be seen: not every program that draws keeps spaces that lead a line."""
    words = found[4].replace("&#160;", "\u00a0")
    seen = words.strip("\u00a0")
    if not seen:
        return ""
    begins = float(found[2]) + _CELL * (len(words) - len(words.lstrip("\u00a0")))
    width = _CELL * len(html.unescape(seen))
    return f'<text class="{found[1]}" x="{begins:.1f}" y="{found[3]}" textLength="{width:.1f}">{seen}</text>'
