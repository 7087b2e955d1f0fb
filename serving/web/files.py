"""Tables as files: CSV and workbooks, as `serving.insights.export` writes them."""

from typing import Any, Final, Literal

import polars as pl
from starlette.responses import Response

from serving.desk.sheets import Sheet, csv, workbook
from serving.insights import export
from serving.web.formats import Formats

Kind = Literal["csv", "xlsx"]

_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def answer(
    frame: pl.DataFrame, kind: Kind, name: str, as_of: int, formats: Formats, **more: Any
) -> Response:
    """Answer with a list as a file to be kept, in the reader's language and zone.

    Args:
        frame: the columns of a list.
        kind: of the file.
        name: of the file, without its end; ASCII.
        as_of: the moment that the list speaks of.
        formats: the reader's.
        more: what else `export.workbook` takes.
    """
    language, zone = formats.language, formats.zone
    if kind == "csv":
        content = export.csv(frame, language, zone)
    else:
        content = export.workbook(frame, as_of, language, zone=zone, **more)
    return _attached(content, name, kind)


def tables(sheets: list[Sheet], kind: Kind, name: str, as_of: int, formats: Formats) -> Response:
    """Answer with tables of the desk: CSV of the first, or a workbook of all."""
    language, zone = formats.language, formats.zone
    if kind == "csv":
        content = csv(sheets[0], language, zone)
    else:
        content = workbook(sheets, as_of, language, zone)
    return _attached(content, name, kind)


def picked(sheets: dict[str, Sheet], kind: Kind, table: str | None) -> list[Sheet]:
    """Return the tables that go into a file: into CSV the one named, into a workbook all with rows.

    The first stands where none is.
    """
    first = next(iter(sheets.values()))
    if kind == "csv":
        return [sheets.get(table or "", first)]
    return [one for one in sheets.values() if len(one.rows)] or [first]


def _attached(content: bytes, name: str, kind: Kind) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(content, media_type=_TYPES[kind], headers=headers)
