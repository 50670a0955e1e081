"""Native charts, drawn alike: quiet grid, no frames, readable text, and words for those who cannot see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumRef, StrRef
from openpyxl.chart.layout import Layout
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties

from klimatvaxling.exports.look import GREY

_GRID = "E1E7E4"


@dataclass(frozen=True)
class Line:
    """A series: the cells of its numbers and of its name, and its colour."""

    values: str
    name: str
    colour: str


@dataclass(frozen=True)
class Picture:
    """A chart where it stands, with the words that say what it shows."""

    chart: Any
    anchor: str
    words: str


def columns(
    title: str, labels: str, lines: Sequence[Line], *, size: tuple[float, float], stacked: bool = False, unit: str = ""
) -> BarChart:
    """Standing bars over `labels`; `size` is width and height in centimetres."""
    chart = _bars("col", lines, labels, stacked=stacked)
    return _drawn(chart, title, size, unit, legend=len(lines) > 1)


def rows(
    title: str, labels: str, lines: Sequence[Line], *, size: tuple[float, float], stacked: bool = False, unit: str = ""
) -> BarChart:
    """Lying bars, the first on top: for names that are long."""
    chart = _bars("bar", lines, labels, stacked=stacked)
    chart.x_axis.scaling.orientation = "maxMin"
    chart.y_axis.crosses = "max"  # the scale below, though the first row is on top
    return _drawn(chart, title, size, unit, legend=len(lines) > 1)


def with_line(chart: BarChart, line: Line, labels: str) -> BarChart:
    """A curve over the bars, on the same scale."""
    curve = LineChart()
    series = _series(line, labels, len(chart.series))
    series.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=line.colour, w=28_575))
    series.marker.symbol = "circle"
    series.marker.size = 6
    series.marker.graphicalProperties = GraphicalProperties(solidFill=line.colour)
    series.marker.graphicalProperties.line.solidFill = line.colour
    series.smooth = False
    curve.series.append(series)
    chart += curve
    return chart


def _bars(kind: str, lines: Sequence[Line], labels: str, *, stacked: bool) -> BarChart:
    chart = BarChart()
    chart.type = kind
    chart.x_axis.axPos, chart.y_axis.axPos = ("b", "l") if kind == "col" else ("l", "b")
    chart.gapWidth = 60
    chart.grouping = "stacked" if stacked else "clustered"
    chart.overlap = 100 if stacked else 0
    for number, line in enumerate(lines):
        series = _series(line, labels, number)
        series.graphicalProperties = GraphicalProperties(solidFill=line.colour)
        series.graphicalProperties.line.noFill = True
        series.invertIfNegative = False
        chart.series.append(series)
    return chart


def _series(line: Line, labels: str, number: int) -> Series:
    return Series(
        idx=number,
        order=number,
        tx=SeriesLabel(strRef=StrRef(f=line.name)),
        cat=AxDataSource(strRef=StrRef(f=labels)),
        val=NumDataSource(numRef=NumRef(f=line.values)),
    )


def _drawn(chart: BarChart, title: str, size: tuple[float, float], unit: str, *, legend: bool) -> BarChart:
    chart.width, chart.height = size
    chart.title = title
    chart.title.overlay = False
    for paragraph in chart.title.tx.rich.p:
        paragraph.pPr = ParagraphProperties(defRPr=CharacterProperties(sz=1100, b=True, solidFill="1F5C4A"))
    chart.roundedCorners = False
    chart.display_blanks = "gap"
    chart.graphical_properties = GraphicalProperties(solidFill="FFFFFF", ln=LineProperties(noFill=True))
    if legend:
        chart.legend.position = "b"
        chart.legend.overlay = False
        chart.legend.txPr = _small()
    else:
        chart.legend = None
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.txPr = chart.y_axis.txPr = _small()
    chart.x_axis.tickLblPos = "low"  # beside the plot even where bars go below zero
    chart.x_axis.majorTickMark = chart.y_axis.majorTickMark = "none"
    chart.x_axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=GREY, w=6_350))
    chart.y_axis.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))
    chart.y_axis.majorGridlines = ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill=_GRID, w=6_350)))
    chart.y_axis.number_format = "#,##0"
    if unit:
        chart.y_axis.title = unit
        chart.y_axis.title.overlay = False
        for paragraph in chart.y_axis.title.tx.rich.p:
            paragraph.pPr = ParagraphProperties(defRPr=CharacterProperties(sz=900, b=False, solidFill=GREY))
    chart.layout = Layout()
    return chart


def _small() -> RichText:
    letters = CharacterProperties(sz=900, solidFill=GREY)
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=letters), endParaRPr=letters, r=[])])
