"""Rescoring: deals whose facts have changed get a new standing score, at once.

A push names its deals in `touched`, in the transaction of its facts, and rescores them when it is
committed. What a crash, an outage or a large push leaves there, a thread does soon after. A score
is written only while the push it has seen is still the deal's last; else a later one writes it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl
import sqlalchemy as sa
import structlog

from data.bulk import pushing, read
from data.errors import DealcastError
from data.live import MOST_DEALS, read_deals
from data.standing import standing, touched
from data.tables import load_pipeline
from serving import ledger, standings, webhooks
from serving.champions import Champions
from serving.clock import Clock
from serving.ledger import Told
from serving.threads import ServiceThread

_REST_SECONDS: Final = 10.0
"""How long the thread rests after what cannot be mended by itself."""
log = structlog.get_logger()


@dataclass(frozen=True)
class Rescorer:
    """Scores touched deals again.

    Attributes:
        engine: the database.
        champions: what scores.
        clock: tells this moment.
        close_days: by how many days a close date must move for webhooks to be told.
    """

    engine: sa.Engine
    champions: Champions
    clock: Clock
    close_days: float

    def rescore(
        self, pipeline: str, deal_ids: list[str], caller: str, request_id: str | None = None
    ) -> pl.DataFrame:
        """Score some touched deals and make that their standing.

        Args:
            pipeline: whose deals.
            deal_ids: which of them, at most `MOST_DEALS`; those not touched are left alone.
            caller: who pushed, for the ledger.
            request_id: of the push.

        Returns:
            Their new rows, see `serving.standings.rows`, whoever was first to score them; closed
            deals have none, nor have those that newer facts wait for.

        Raises:
            NotFound: the pipeline has no champion.
            BadInput: its bundle has learned from what comes later than now.
        """
        scorer = self.champions.scorer(pipeline)
        with self.engine.connect() as connection:
            seen = self._touched(connection, pipeline, deal_ids)
            now = self.clock()
            ids = [deal_id for deal_id, _ in seen]
            tables = read_deals(connection, load_pipeline(self.engine, pipeline), ids)
        frame = standings.rows(scorer, scorer.score(tables, now), tables, now)
        with pushing(self.engine) as transaction:
            mine = self._settle(transaction, pipeline, seen)
            frame = frame.filter(pl.col("deal_id").is_in(mine))
            webhooks.announce(transaction, pipeline, frame, self.close_days, now)
            standings.store_some(transaction, pipeline, mine, frame)
            told = Told(now, "push", caller, request_id)
            ledger.write(transaction, told.rows(frame.iter_rows(named=True)))
            others = set(deal_ids) - set(mine)
            stand = self._settled(transaction, pipeline, others) if others else frame.clear()
        return pl.concat([frame, stand])

    def rest(self) -> Iterator[tuple[str, list[str]]]:
        """Yield pipelines with deals that are still touched, in portions."""
        query = sa.select(touched.c.pipeline, touched.c.deal_id)
        query = query.order_by(touched.c.pipeline, touched.c.deal_id)
        with self.engine.connect() as connection:
            left: dict[str, list[str]] = {}
            for pipeline, deal_id in connection.execute(query):
                left.setdefault(pipeline, []).append(deal_id)
        for pipeline, ids in left.items():
            for first in range(0, len(ids), MOST_DEALS):
                yield pipeline, ids[first : first + MOST_DEALS]

    def _touched(
        self, connection: sa.Connection, pipeline: str, deal_ids: list[str]
    ) -> list[tuple[str, str]]:
        query = sa.select(touched.c.deal_id, touched.c.push).where(
            touched.c.pipeline == pipeline, touched.c.deal_id.in_(deal_ids)
        )
        return [(deal_id, push) for deal_id, push in connection.execute(query)]

    def _settle(
        self, transaction: sa.Connection, pipeline: str, seen: list[tuple[str, str]]
    ) -> list[str]:
        """Take off the deals that no push has touched since they were seen; return them."""
        if not seen:
            return []
        same = sa.tuple_(touched.c.deal_id, touched.c.push).in_(seen)
        settled = sa.delete(touched).where(touched.c.pipeline == pipeline, same)
        return list(transaction.scalars(settled.returning(touched.c.deal_id)))

    def _settled(
        self, transaction: sa.Connection, pipeline: str, deal_ids: Iterable[str]
    ) -> pl.DataFrame:
        """Return what stands of deals that are not touched: `Rest` may have been quicker."""
        waits = sa.exists().where(standings.WAITS)
        ours = (standing.c.pipeline == pipeline, standing.c.deal_id.in_(sorted(deal_ids)))
        return read(transaction, sa.select(standing).where(*ours, ~waits))


@dataclass
class Rest(ServiceThread):
    """A thread that rescores what is left of pushes.

    Attributes:
        rescorer: does the work.
    """

    called = "rescoring"
    every_seconds = 0.5
    rescorer: Rescorer

    def _round(self) -> float | None:
        """Rescore what is touched, and rest longer where some of it could not be."""
        done = True
        for pipeline, deal_ids in self.rescorer.rest():
            if self._stopping.is_set():
                break
            done = self._portion(pipeline, deal_ids) and done
        return None if done else _REST_SECONDS

    def _portion(self, pipeline: str, deal_ids: list[str]) -> bool:
        """Rescore some deals, and say whether they wait for nothing that must be mended."""
        try:
            self.rescorer.rescore(pipeline, deal_ids, "job:rescoring")
        except DealcastError as error:
            log.warning("touched deals wait", pipeline=pipeline, why=str(error))
            return False
        except sa.exc.SQLAlchemyError:
            raise
        except Exception as error:  # whatever it is: it may be one deal's, the others do not wait
            if len(deal_ids) == 1:
                self._failed("a touched deal cannot be scored", error, pipeline=pipeline)
                return False
            half = len(deal_ids) // 2
            done = self._portion(pipeline, deal_ids[:half])
            return self._portion(pipeline, deal_ids[half:]) and done
        return True
