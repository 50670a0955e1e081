"""How a workbook looks: fonts, colours and number formats by what a cell is."""

from dataclasses import dataclass

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

DARK, MIDDLE, PALE, GREY = "1F5C4A", "2E8B6F", "DDE7E0", "5F6B66"
# Told apart without colour vision too: they differ in lightness.
THIS_YEAR, LAST_YEAR, WARM, COOL, DEEP = "1F6F5C", "B9C7C0", "E0A030", "4F81BD", "7A4B8C"

KRONOR, KILOGRAMS, COUNT = "#,##0.00", "#,##0.0", "#,##0"
PERCENT = "+0.0 %;-0.0 %;0.0 %"
SHARE, DATE = "0.0 %", "yyyy-mm-dd"

_LINE = Side(style="hair", color="B9C7C0")
_BODY = Border(bottom=_LINE)
_TOTAL = Border(top=Side(style="thin", color=DARK), bottom=Side(style="thin", color=DARK))
_HEAD = Border(bottom=Side(style="thin", color=DARK))
_RIGHT, _LEFT = Alignment(horizontal="right", vertical="top"), Alignment(vertical="top")
_WRAPPED = Alignment(vertical="top", wrap_text=True)
# Text stands a little in, so that it does not touch a number of the column before.
_IN = Alignment(horizontal="left", vertical="top", indent=1)
_IN_WRAPPED = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)


@dataclass(frozen=True)
class Look:
    """The style of one kind of cell."""

    font: Font
    number_format: str = "General"
    alignment: Alignment = _LEFT
    border: Border | None = None
    fill: PatternFill | None = None


def _font(size: int = 11, *, bold: bool = False, color: str | None = None) -> Font:
    """Name and size said outright: without them each program takes its own."""
    return Font(name="Calibri", size=size, bold=bold, color=color)


_PLAIN, _BOLD = _font(), _font(bold=True)
_FORMATS = {"kr": KRONOR, "kg": KILOGRAMS, "tenths": KILOGRAMS, "count": COUNT, "change": PERCENT, "share": SHARE}

LOOKS = {
    "title": Look(_font(16, bold=True, color=DARK)),
    "heading": Look(_font(12, bold=True, color=DARK)),
    "note": Look(_font(color=GREY)),
    "long_note": Look(_font(color=GREY), alignment=_WRAPPED),
    "warning": Look(_font(bold=True, color="9C2A10")),
    "paragraph": Look(_PLAIN, alignment=_WRAPPED),
    "head_text": Look(_BOLD, alignment=_IN_WRAPPED, border=_HEAD, fill=PatternFill("solid", fgColor=PALE)),
    "head_number": Look(
        _BOLD,
        alignment=Alignment(horizontal="right", vertical="top", wrap_text=True),
        border=_HEAD,
        fill=PatternFill("solid", fgColor=PALE),
    ),
    "fact": Look(_PLAIN, number_format=COUNT, alignment=_IN, border=_BODY),
    "text": Look(_PLAIN, alignment=_IN_WRAPPED, border=_BODY),
    "date": Look(_PLAIN, number_format=DATE, alignment=_IN, border=_BODY),
    "total_text": Look(_BOLD, alignment=_IN, border=_TOTAL),
    "total_date": Look(_BOLD, alignment=_IN, border=_TOTAL),
    "total_figure": Look(_BOLD, border=_TOTAL),
    "figure": Look(_PLAIN, alignment=_RIGHT, border=_BODY),
    **{kind: Look(_PLAIN, number_format=pattern, alignment=_RIGHT, border=_BODY) for kind, pattern in _FORMATS.items()},
    **{
        f"total_{kind}": Look(_BOLD, number_format=pattern, alignment=_RIGHT, border=_TOTAL)
        for kind, pattern in _FORMATS.items()
    },
}
