"""`dealcast erase`, `dealcast ledger`, `dealcast webhooks`: what is kept of what was said."""

from data.audit import commander
from data.erasure import erase_contact, erase_deal
from data.moments import DAY, now
from data.settings import Settings
from data.tables import load_pipeline
from pipelines.workspace import database_of
from serving import ledger, webhooks


def deal(settings: Settings, pipeline: str, deal_id: str) -> dict[str, int]:
    """Forget a deal, see `data.erasure.erase_deal`."""
    with database_of(settings) as engine:
        load_pipeline(engine, pipeline)
        return erase_deal(engine, pipeline, deal_id, now(), commander())


def contact(settings: Settings, pipeline: str, contact_id: str) -> dict[str, int]:
    """Forget a person, see `data.erasure.erase_contact`."""
    with database_of(settings) as engine:
        load_pipeline(engine, pipeline)
        return erase_contact(engine, pipeline, contact_id, now(), commander())


def prune(settings: Settings) -> int:
    """Delete what the ledger has kept for longer than its days; return how many rows."""
    with database_of(settings) as engine:
        return ledger.prune(engine, now() - settings.ledger_days * DAY)


def redeliver(settings: Settings, webhook_id: str) -> int:
    """Put what is dead back to be sent by the service; return how many deliveries."""
    with database_of(settings) as engine:
        return webhooks.redeliver(engine, webhook_id, now())
