"""Erasure on request: of a deal, and of a person."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from data.erasure import erase_contact, erase_deal
from serving.api.deals import TheDeal, ThePipeline
from serving.api.problems import responses
from serving.api.records import Name
from serving.api.service import Admin, TheService

router = APIRouter(tags=["erasure"])


class Erased(BaseModel):
    """What was erased."""

    rows: dict[str, int] = Field(description="rows deleted or made nameless, by table")


@router.delete(
    "/pipelines/{pipeline}/deals/{deal_id:path}", responses=responses(401, 403, 404, 422, 503)
)
def delete_deal(
    pipeline: ThePipeline, deal_id: TheDeal, service: TheService, access: Admin
) -> Erased:
    """Forget a deal. Its scores in the ledger and in lists stay under a pseudonym, without text."""
    now = service.live.clock()
    return Erased(rows=erase_deal(service.engine, pipeline, deal_id, now, access.actor))


@router.delete(
    "/pipelines/{pipeline}/contacts/{contact_id:path}", responses=responses(401, 403, 404, 422, 503)
)
def delete_contact(
    pipeline: ThePipeline,
    contact_id: Annotated[Name, Path(description="the person")],
    service: TheService,
    access: Admin,
) -> Erased:
    """Forget a person: name and id go; what was done with them stays, so no score changes."""
    now = service.live.clock()
    return Erased(rows=erase_contact(service.engine, pipeline, contact_id, now, access.actor))
