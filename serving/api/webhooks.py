"""`/v1/webhooks`: who is told when a deal's grade or close date moves."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from data.moments import iso
from data.tables import load_pipeline
from serving import webhooks
from serving.api.problems import responses
from serving.api.records import PipelineName
from serving.api.service import Admin, TheService
from serving.deliveries import checked
from serving.webhooks import Webhook

router = APIRouter(tags=["webhooks"])

TheWebhook = Annotated[str, Path(pattern=r"^wh_[0-9a-f]{16}$", description="the webhook's id")]


class WebhookRequest(BaseModel):
    """Where to call."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"pipeline": "loans", "url": "https://crm.example.com/dealcast"}]
        },
    )

    pipeline: PipelineName
    url: str = Field(max_length=2_000, description="https, of a host on the internet")


class Registered(BaseModel):
    """A webhook."""

    webhook_id: str
    pipeline: str
    url: str
    created_at: str
    created_by: str


class Made(Registered):
    """A new webhook with its secret."""

    secret: str = Field(description="signs what is sent; shown now and never again")


class Delivery(BaseModel):
    """What was or is to be sent."""

    delivery_id: int
    event_id: str = Field(description="as the receiver has it")
    deal_id: str
    created_at: str
    state: str = Field(description="due, delivered, or dead after too many attempts")
    attempts: int
    failure: str | None


class Again(BaseModel):
    """What was put back to be sent."""

    deliveries: int


@router.post("/webhooks", status_code=201, responses=responses(401, 403, 404, 422, 503))
def make_webhook(request: WebhookRequest, service: TheService, access: Admin) -> Made:
    """Register a webhook: it is called when a deal's grade or close date moves."""
    load_pipeline(service.engine, request.pipeline)
    checked(request.url, service.settings.webhook_private)
    now, caller = service.clock(), access.told(0, "push").caller
    made, secret = webhooks.register(
        service.engine, request.pipeline, request.url, caller, now, access.actor
    )
    return Made(**vars(_told(made)), secret=secret)


@router.get("/webhooks", responses=responses(401, 403, 503))
def list_webhooks(service: TheService, access: Admin) -> list[Registered]:
    """List the webhooks, without their secrets."""
    return [_told(one) for one in webhooks.registered(service.engine)]


@router.delete(
    "/webhooks/{webhook_id}", status_code=204, responses=responses(401, 403, 404, 422, 503)
)
def delete_webhook(webhook_id: TheWebhook, service: TheService, access: Admin) -> None:
    """Forget a webhook and what was to be sent to it."""
    webhooks.remove(service.engine, webhook_id, service.clock(), access.actor)


@router.get("/webhooks/{webhook_id}/deliveries", responses=responses(401, 403, 422, 503))
def list_deliveries(
    webhook_id: TheWebhook,
    service: TheService,
    access: Admin,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[Delivery]:
    """List the last deliveries, the newest first."""

    def told(row: dict[str, Any]) -> Delivery:
        event_id = json.loads(row["event"])["event_id"]
        return Delivery(**(row | {"created_at": iso(row["created_at"]), "event_id": event_id}))

    return [told(row) for row in webhooks.sent(service.engine, webhook_id, limit)]


@router.post("/webhooks/{webhook_id}/redeliver", responses=responses(401, 403, 404, 422, 503))
def redeliver(webhook_id: TheWebhook, service: TheService, access: Admin) -> Again:
    """Send again what is dead."""
    return Again(deliveries=webhooks.redeliver(service.engine, webhook_id, service.clock()))


def _told(one: Webhook) -> Registered:
    return Registered(**(vars(one) | {"created_at": iso(one.created_at)}))
