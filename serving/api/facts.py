"""`PUT /v1/records/{table}`: facts of a CRM into the live tables, and what they touch rescored."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import uuid4

import polars as pl
import sqlalchemy as sa
import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from data.bulk import pushing
from data.contract import TABLES, Pipeline
from data.errors import BadInput, DealcastError, Forbidden, NotFound, did_you_mean, first_line
from data.live import MOST_DEALS
from data.push import Pushed, push, touch
from data.tables import load_pipeline
from serving.api.frames import raw_rows
from serving.api.idempotency import IdempotencyKey, Once
from serving.api.notices import Notice, rows_against_rules, stages_pushed, unlikely, unseen_stages
from serving.api.problems import MOST_ERRORS, responses
from serving.api.records import PipelineName, Row, pushed_row
from serving.api.service import Access, Service, TheService, Write
from serving.api.vocabulary import check_changes

router = APIRouter(tags=["records"])
log = structlog.get_logger()

MOST_ROWS: Final = 10_000
_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "deals": {"deal_id": "L-17", "created_at": "2012-01-20T09:12:00+01:00", "title": "Van loan"},
    "changes": {
        "deal_id": "L-17",
        "field": "stage",
        "at": "2012-01-23T10:00:00Z",
        "value": "A_ACCEPTED",
    },
    "activities": {"deal_id": "L-17", "kind": "call", "at": "2012-01-24T13:30:00Z"},
    "checklist": {
        "deal_id": "L-17",
        "item": "income checked",
        "at": "2012-01-24T13:30:00Z",
        "status": "C",
    },
    "contacts": {"deal_id": "L-17", "contact_id": "P-3", "at": "2012-01-20T09:12:00+01:00"},
    "accounts": {"account_id": "A-5", "name": "Jansen", "industry": "transport"},
    "owners": {"owner_id": "O-2", "name": "Wang", "team": "North"},
    "targets": {
        "scope": "team",
        "scope_id": "North",
        "period": "quarter",
        "starts_at": "2012-01-01",
        "metric": "won_amount",
        "value": 500000.0,
    },
}


class Push(BaseModel):
    """Rows of one table of one pipeline."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pipeline: PipelineName
    partial: bool = Field(
        False,
        description="take the rows that are right and list those refused; else one wrong row "
        "refuses them all",
    )


class Refused(BaseModel):
    """A row that was not taken, and why."""

    row: int = Field(description="its place in the request, from 0")
    field: str
    value: str | None
    reason: str


class Rescored(BaseModel):
    """The new score of a deal whose facts have changed."""

    deal_id: str
    score: int
    grade: str


class PushAnswer(BaseModel):
    """What became of the rows; they outlast a crash from here on."""

    pipeline: str
    table: str
    accepted: int = Field(description="rows that were new")
    changed: int = Field(description="rows that are other than before")
    unchanged: int = Field(description="rows that were there already")
    older: int = Field(description="rows passed over: what stands speaks of a later moment")
    refused: list[Refused]
    waiting: list[str] = Field(
        description="deals that are not known yet: their facts wait for them"
    )
    warnings: list[Notice] = Field(description="what was taken, and may not be what was meant")
    rescored: list[Rescored] = Field(description="open deals with a new score")
    rescoring: str = Field(
        description="done; pending: within a second or two; waiting: no bundle can score them yet"
    )


def _answer(table: str, request: Push, service: Service, access: Access, key: str | None) -> Any:
    _check_rights(access)
    pipeline = load_pipeline(service.engine, request.pipeline)
    rows: list[Row] = getattr(request, "rows")  # noqa: B009 - of the model made for the table
    if table == "changes":
        check_changes([row["field"] for row in rows], pipeline, "rows")
    now = service.live.clock()
    notices = [*_unseen(table, rows, service, pipeline), *unlikely(rows, now)]
    once = Once.of(access, key, request, table)
    mark = uuid4().hex
    with pushing(service.engine) as transaction:
        if (before := once.before(transaction, now)) is not None:
            return Response(before, media_type="application/json")
        pushed = _push(transaction, table, rows, pipeline, request.partial, now)
        touch(transaction, pushed.deals, mark, now)
        answer = _told(table, pipeline, pushed, [*notices, *rows_against_rules(pushed)])
        once.keep(transaction, answer, now)
    answer = _rescored(service, access, pushed, answer)
    if answer.rescoring == "done":
        once.amend(service.engine, answer)
    return answer


def _check_rights(access: Access) -> None:
    if not access.reach.whole:
        raise Forbidden(
            "a key that sees only some deals may not write",
            field="reach",
            value=access.reach.value,
            allowed="a key with the scope write that reaches every deal",
            remedy="ask for a key without a limit to an owner or a team",
        )


def _push(
    transaction: sa.Connection,
    table: str,
    rows: list[Row],
    pipeline: Pipeline,
    partial: bool,
    now: int,
) -> Pushed:
    """Put rows into the database; without `partial` all of them or none."""
    pushed = push(transaction, table, raw_rows(table, rows, pipeline), pipeline, now)
    if pushed.rejects.height and not partial:
        raise _Wrong(_refused(pushed))
    return pushed


class _Wrong(BadInput):
    """Rows that are wrong: the first in the problem's own words, all in `errors`."""

    def __init__(self, refused: list[Refused]) -> None:
        first = refused[0]
        super().__init__(
            first.reason,
            field=f"rows.{first.row}.{first.field}",
            value=first.value,
            remedy='correct it or leave it out and send all again, or send "partial": true',
        )
        self.refused = refused

    def problem(self) -> dict[str, object]:
        """Return the problem document, with every wrong row as far as there is room."""
        wrong = self.refused[:MOST_ERRORS]
        errors = [
            BadInput(one.reason, f"rows.{one.row}.{one.field}", one.value).problem()
            for one in wrong
        ]
        return super().problem() | ({"errors": errors} if len(errors) > 1 else {})


def _refused(pushed: Pushed) -> list[Refused]:
    columns = ("row", "field", "value", "reason")
    rejects = pushed.rejects.select(columns).sort("row", maintain_order=True)
    return [Refused(**row) for row in rejects.iter_rows(named=True)]


def _told(table: str, pipeline: Pipeline, pushed: Pushed, warnings: list[Notice]) -> PushAnswer:
    return PushAnswer(
        pipeline=pipeline.name,
        table=table,
        **vars(pushed.merged),
        older=pushed.older,
        refused=_refused(pushed),
        waiting=pushed.waiting,
        warnings=warnings,
        rescored=[],
        rescoring="pending" if pushed.deals.height else "done",
    )


def _unseen(table: str, rows: list[Row], service: Service, pipeline: Pipeline) -> list[Notice]:
    named = list(stages_pushed(table, rows))
    if not named:  # most pushes: no champion is looked for
        return []
    try:
        bundle = service.champions.scorer(pipeline.name).bundle
    except DealcastError:  # none serves yet
        return []
    return unseen_stages(named, bundle)


def _rescored(service: Service, access: Access, pushed: Pushed, answer: PushAnswer) -> PushAnswer:
    """Rescore what was touched, unless that takes long; the facts are safe whatever comes."""
    if not 0 < pushed.deals.height <= MOST_DEALS:
        return answer
    told = access.told(0, "push")
    try:
        frames = [
            service.live.rescorer.rescore(
                str(name), part["deal_id"].to_list(), told.caller, told.request_id
            ).select("deal_id", "score", "grade")
            for (name,), part in pushed.deals.group_by("pipeline", maintain_order=True)
        ]
    except DealcastError as error:
        log.warning("touched deals wait", pipeline=answer.pipeline, why=str(error))
        return answer.model_copy(update={"rescoring": "waiting"})
    except Exception as error:  # whatever it is: what is committed was taken
        foreseen = isinstance(error, sa.exc.SQLAlchemyError)
        why = first_line(error)
        log.error("touched deals wait", pipeline=answer.pipeline, why=why, exc_info=not foreseen)
        return answer
    rescored = [Rescored(**row) for row in pl.concat(frames).iter_rows(named=True)]
    return answer.model_copy(update={"rescored": rescored, "rescoring": "done"})


def _route(table: str) -> Callable[..., Any]:
    """Make the route of one table, typed by the contract."""
    row: Any = pushed_row(table)
    rows = Annotated[list[row], Field(min_length=1, max_length=MOST_ROWS)]
    body: Any = create_model(
        f"Push{table.capitalize()}",
        __base__=Push,
        __doc__=f"Rows of the contract's table {table}.",
        rows=(rows, ...),
    )
    body.model_config["json_schema_extra"] = {
        "examples": [{"pipeline": "loans", "rows": [_EXAMPLES[table]]}]
    }
    body.model_rebuild(force=True)

    async def put(
        request: body,  # made from the contract, not written out
        service: TheService,
        access: Write,
        idempotency_key: IdempotencyKey = None,
    ) -> Any:
        await service.pushes.acquire()
        work = run_in_threadpool(_answer, table, request, service, access, idempotency_key)
        thread = asyncio.create_task(work)
        thread.add_done_callback(lambda _: service.pushes.release())
        return await asyncio.shield(thread)  # it goes on where nobody waits for it any more

    key = ", ".join(TABLES[table].key)
    put.__doc__ = f"""Put rows into the table {table}: new ones, and newer states of known ones.

    Rows may come late, twice or in any order: of two with the same key the one that speaks of the
    later moment stands. When this is answered they are on disk. The key: {key}.
    """
    return put


for _name in TABLES:
    router.put(
        f"/records/{_name}",
        response_model=PushAnswer,
        name=f"put_{_name}",
        responses=responses(401, 403, 404, 413, 422, 503),
    )(_route(_name))


@router.put("/records/{table}", include_in_schema=False)
def put_unknown(table: str, _: Write) -> None:
    """Tell which tables there are."""
    raise NotFound(
        "no such table",
        field="table",
        value=table,
        allowed=", ".join(TABLES),
        remedy=did_you_mean(table, TABLES) or None,
    )
