"""Funnel: is there enough, and where does it stick?"""

from typing import Any, Final, Literal

from fastapi import APIRouter
from starlette.responses import Response

from serving.desk.flow import Flow, flow
from serving.desk.sheets import Sheet
from serving.desk.view import View
from serving.insights import ideal
from serving.insights.period import Kind
from serving.web import desked, files
from serving.web.frame import Frame, TheFrame
from serving.web.rendering import page

router = APIRouter()

_STUCK: Final = 25
"""Stagnant deals that the page names at most."""
PERIODS: Final[dict[Kind, str]] = {"month": "Month", "quarter": "Quarter", "year": "Year"}


@router.get("/funnel")
def funnel(frame: TheFrame) -> Response:
    """Show the stages within reach, what sticks, and what the target lacks."""
    view = desked.view_of(frame)
    told = desked.common(frame, view)
    if view is None:
        return page(frame, "funnel.html", **told)
    found = _found(frame, view)
    return page(
        frame,
        "funnel.html",
        **told,
        days=desked.span_of(frame, view)[0],
        kind=found.period.kind,
        periods=list(PERIODS.items()),
        found=found,
        named=desked.named(found.period),
        stages=_stages(found),
        needs=ideal.table(found.needs).to_dicts() if found.needs else [],
        stagnant=found.stagnant.head(_STUCK).to_dicts(),
        numbers=_numbers(frame, found),
    )


@router.get("/funnel.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the stages as CSV, or with gaps and stagnant deals as a workbook."""
    view = desked.needed(frame)
    found, currency = _found(frame, view), view.told_in
    gaps = [] if not found.needs else [Sheet(("缺口", "Gaps"), ideal.table(found.needs), currency)]
    sheets = [Sheet(("漏斗", "Funnel"), found.funnel.table(), currency), *gaps]
    sheets.append(Sheet(("停滞", "Stagnant"), found.stagnant, currency))
    return files.tables(sheets, kind, f"{frame.pipeline}-funnel", view.as_of, frame.formats)


def _found(frame: Frame, view: View) -> Flow:
    _, span = desked.span_of(frame, view)
    return flow(view, span, desked.kind_of(frame, PERIODS))


def _stages(found: Flow) -> list[dict[str, Any]]:
    """Return the stages with their share of the fullest one, as their bars are long."""
    rows = found.funnel.table().to_dicts()
    most = max((row["deals"] for row in rows), default=0) or 1
    return [row | {"share": row["deals"] / most} for row in rows]


def _numbers(frame: Frame, found: Flow) -> list[list[str]]:
    """Tell the cohort behind each conversion, and the days that stays last."""
    number, share = frame.formats.number, frame.formats.share
    return [
        [
            row["stage"],
            *(number(row[name]) for name in ("reached", "moved", "lost", "waiting")),
            *(share(row[name]) for name in ("conversion", "conversion_before", "conversion_goal")),
            *(number(row[name], 1) for name in ("days_median", "days_p90", "days_goal")),
        ]
        for row in found.funnel.table().iter_rows(named=True)
    ]
