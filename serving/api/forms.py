"""What a request for scores may ask, and what it is answered."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from data.errors import BadInput
from data.moments import to_datetime
from serving.api.deal_score import DealScore
from serving.api.notices import Notice
from serving.api.records import MOST_RECORDS, Day, Moment, PipelineName, WholeRecord

TREND_DAYS: Final = 7.0
DaysAhead = list[Annotated[int, Field(ge=1, le=3_660)]]
EXAMPLE: Final[dict[str, Any]] = {
    "pipeline": "loans",
    "as_of": "2012-02-01T00:00:00Z",
    "days_ahead": [7, 28],
    "reasons": True,
    "records": [
        {
            "deal": {"deal_id": "L-17", "created_at": "2012-01-20T09:12:00+01:00"},
            "changes": [
                {"field": "stage", "at": "2012-01-20T08:12:00Z", "value": "A_SUBMITTED"},
                {"field": "stage", "at": "2012-01-23T10:00:00Z", "value": "A_ACCEPTED"},
                {"field": "amount", "at": "2012-01-20T08:12:00Z", "value": "12000"},
            ],
            "activities": [
                {"kind": "call", "at": "2012-01-24T13:30:00Z", "status": "done", "minutes": 12}
            ],
        }
    ],
}


class Asked(BaseModel):
    """What is asked of whole records."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pipeline: PipelineName
    as_of: Moment | None = Field(None, description="the moment to score at; now when left out")
    days_ahead: DaysAhead | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="days ahead to read the curves at; the pipeline's horizons when left out",
    )
    won_by: list[Day] = Field(
        [],
        max_length=100,
        description="dates (UTC) to read the curves at, each at its end; from tomorrow on",
    )
    reasons: bool = Field(False, description="say why as well")
    trend: bool = Field(False, description="say how the score has moved within a week as well")
    allow_later_bundle: bool = Field(
        False, description="score a past moment with a bundle that has seen what came after"
    )


class ScoreRequest(Asked):
    """One or many whole records of one pipeline, and what is asked of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    records: list[WholeRecord] = Field(min_length=1, max_length=MOST_RECORDS)


class ScoreAnswer(BaseModel):
    """A score for every record, in the order of the request."""

    scores: list[DealScore]
    warnings: list[Notice] = Field(description="what may make the scores worse than they could be")


def check_ahead(dates: Sequence[date], as_of: int) -> None:
    """Refuse dates that are over, or are today.

    Raises:
        BadInput: naming the first of them.
    """
    for number, day in enumerate(dates):
        today = to_datetime(as_of).date()
        if day <= today:
            raise BadInput(
                "not a date to come",
                field=f"won_by.{number}",
                value=day.isoformat(),
                allowed=f"dates after {today.isoformat()}, the day of as_of in UTC",
                remedy="what came by then is in the records, not in the forecast",
            )
