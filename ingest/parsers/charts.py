"""Charts in Office Open XML documents: titles as text, values as a table.

Read is what the chart itself keeps of its data, so neither a workbook nor a link is opened. The
usual charts are those of ECMA-376 part 1, 21.2; newer kinds (waterfalls, funnels, tree maps) have
a form of their own, [MS-ODRAWXML] 2.24.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from lxml import etree

from ingest.blocks import Block
from ingest.parsers import package
from ingest.parsers.chart_values import Points, points
from ingest.parsers.rows import table_blocks

_CATEGORIES: Final = ("cat", "xVal", "strDim")
_VALUES: Final = ("val", "yVal", "numDim")
_ALONG: Final = ("catAx", "dateAx")
_ON: Final = ("1", "true", None)


@dataclass(frozen=True, slots=True)
class _Series:
    """`sheet` is the sheet of a workbook that the values stand on, if they stand on one."""

    name: str
    categories: Points
    columns: tuple[Points, ...]
    sheet: str


def read(part: bytes, sheets: frozenset[str] = frozenset()) -> Iterator[Block]:
    """Make blocks of a chart's part; values that stand on one of `sheets` are read there.

    A part that is no chart, or damaged, is nothing.
    """
    try:
        root = package.xml(part)
    except etree.XMLSyntaxError:
        return
    title, across, along = _titles(root)
    series = list(_usual(root)) or list(_newer(root))
    own = [one for one in series if one.sheet not in sheets]
    elsewhere = [along, *(one.name for one in series if one.sheet in sheets)]
    yield Block("text", "\n".join([title, *across, *(elsewhere if own != series else ())]))
    for _, alike in groupby(own, key=lambda one: one.categories):
        yield from table_blocks(_rows(along, list(alike), title))


def _titles(root: etree._Element) -> tuple[str, list[str], str]:
    """Return the titles of the chart, of its axes of values, and of that of categories."""
    chart = root.find("{*}chart")
    plot = None if chart is None else chart.find("{*}plotArea")
    if chart is None or plot is None:
        return "", [], ""
    axes = [axis for axis in plot if str(axis.tag).endswith(("Ax", "}axis"))]
    along = next((axis for axis in axes if _is_along(axis)), None)
    across = [_title(axis) for axis in axes if axis is not along]
    return _title(chart), across, "" if along is None else _title(along)


def _is_along(axis: etree._Element) -> bool:
    """Whether the categories stand at an axis; a chart of points has two axes of values."""
    if etree.QName(axis).localname in _ALONG or axis.find("{*}catScaling") is not None:
        return True
    place = axis.find("{*}axPos")
    return place is not None and place.get("val") == "b"


def _title(parent: etree._Element) -> str:
    """Text of a title: runs, or what it keeps of a cell."""
    title = parent.find("{*}title")
    if title is None:
        return ""
    paragraphs = ("".join(r.text or "" for r in p.iter("{*}t")) for p in title.iter("{*}p"))
    return " ".join(filter(None, paragraphs)) or _kept(title)


def _kept(text: etree._Element | None) -> str:
    return "" if text is None else " ".join(value.text or "" for value in text.iter("{*}v"))


def _usual(root: etree._Element) -> Iterator[_Series]:
    base = root.find("{*}date1904")
    since_1904 = base is not None and base.get("val") in _ON
    for series in root.iter("{*}ser"):
        categories, values = _child(series, _CATEGORIES), _child(series, _VALUES)
        sizes = points(series.find("{*}bubbleSize"))
        columns = points(values, since_1904=since_1904), *([sizes] if sizes else [])
        labels = points(categories, since_1904=since_1904)
        yield _Series(_kept(series.find("{*}tx")), labels, columns, _sheet(values))


def _newer(root: etree._Element) -> Iterator[_Series]:
    data = {one.get("id"): one for one in root.iter("{*}data")}
    for series in root.iter("{*}series"):
        named = series.find("{*}dataId")
        found = None if named is None else data.get(named.get("val"))
        if found is not None:
            categories, values = _child(found, _CATEGORIES), _child(found, _VALUES)
            name = _kept(series.find("{*}tx"))
            yield _Series(name, points(categories), (points(values),), _sheet(values))


def _child(series: etree._Element, names: tuple[str, ...]) -> etree._Element | None:
    return next(series.iterchildren(*(f"{{*}}{name}" for name in names)), None)


def _sheet(values: etree._Element | None) -> str:
    """Name the sheet of a reference such as `'Sheet 1'!$B$2:$B$9`; empty for none."""
    formula = "" if values is None else next(values.iter("{*}f"), values).text or ""
    sheet, mark, _ = formula.lstrip("(").partition("!")
    return sheet.strip("'").replace("''", "'") if mark else ""


def _rows(corner: str, series: list[_Series], title: str) -> Iterator[list[str]]:
    """Rows of series with the same categories, under the names of the series.

    One without a name is called as the chart is.
    """
    categories = series[0].categories
    columns = [column for one in series for column in one.columns]
    yield [corner, *(one.name or title for one in series for _ in one.columns)]
    for place in sorted(set(categories).union(*columns)):
        yield [categories.get(place, ""), *(values.get(place, "") for values in columns)]
