"""A made-up company of any size, in seconds: the contract's tables, drawn column by column.

Nothing is to be learned from it; only its shape counts: some 25 dated facts and 11 weekly
snapshots a deal, some facts entered late, words as CRMs have them.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from data.contract import BUYER_ROLES, TABLES, Pipeline
from data.moments import DAY, HOUR, parse_moment

END: Final = parse_moment("2026-01-05")
CADENCE_DAYS: Final = 7
PIPELINE: Final = Pipeline(
    name="made",
    stages=("new", "qualify", "need", "offer", "talks", "contract"),
    cadence_days=CADENCE_DAYS,
)
_KINDS: Final = ("call", "mail", "meeting", "demo", "visit")
_STATES: Final = ("done", "done", "done", "planned", "started", "cancelled")
_SPAN_DAYS: Final = 3 * 364
_LIFE_DAYS: Final = 90.0

Ints: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def made(deals: int, seed: int = 0, late: float = 0.2) -> dict[str, pl.DataFrame]:
    """Draw the contract's tables of so many deals, each sorted by its deal_id.

    Args:
        deals: how many.
        seed: of the draws.
        late: the share of the facts that become known up to five days after they happened.
    """
    company = _Company(deals, np.random.default_rng(seed), late)
    drawn = {
        "deals": company.lives(),
        "changes": company.changes(),
        "activities": company.activities(),
        "checklist": company.checklist(),
        "contacts": company.contacts(),
        "accounts": company.known_accounts(),
        "owners": company.known_owners(),
    }
    return {name: _typed(name, columns) for name, columns in drawn.items()}


def _typed(name: str, columns: dict[str, Any]) -> pl.DataFrame:
    schema = TABLES[name].schema
    frame = pl.DataFrame(columns)
    missing = [pl.lit(None, dtype).alias(n) for n, dtype in schema.items() if n not in columns]
    return frame.with_columns(missing).select(schema.names()).cast(schema)


class _Company:
    """Draws one company; every fact lies within its deal's life."""

    def __init__(self, deals: int, rng: np.random.Generator, late: float) -> None:
        self.rng, self.late = rng, late
        self.ids = _numbered("D", deals)
        self.owners = _numbered("O", max(deals // 2_000, 20))
        self.accounts = _numbered("A", max(deals // 10, 10))
        self.begun = END - (rng.random(deals) * _SPAN_DAYS * DAY).astype(np.int64)
        self.ends = self.begun + (rng.exponential(_LIFE_DAYS, deals) * DAY).astype(np.int64) + HOUR
        self.lived = np.minimum(self.ends, END) - self.begun

    def lives(self) -> dict[str, Any]:
        closed, deals = self.ends < END, len(self.ids)
        ends = pl.Series(self.ends).set(pl.Series(~closed), None)
        won = self.rng.random(deals) < 0.3
        return {
            "pipeline": _same(PIPELINE.name, deals),
            "deal_id": self.ids,
            "created_at": self.begun,
            "recorded_at": self.begun,
            "closed_at": ends,
            "closed_recorded_at": ends + self._delays(deals),
            "outcome": _of(("open", "lost", "won"), np.where(closed, 1 + won, 0)),
            "account_id": self._drawn(self.accounts, deals),
            "source": self._drawn(("campaign", "referral", "search", "event", "partner"), deals),
            "product": self._drawn(("small", "medium", "large", "service"), deals),
        }

    def changes(self) -> dict[str, Any]:
        """Draw the four tracked fields: a first value of each, and some moves."""
        fields = (("stage", 3.0), ("amount", 1.2), ("owner_id", 0.3), ("expected_close_at", 1.5))
        parts = [self._path(field, moves) for field, moves in fields]
        return dict(pl.concat(parts).sort("deal_id", maintain_order=True).to_dict())

    def _path(self, field: str, moves: float) -> pl.DataFrame:
        facts = self._facts(1 + self.rng.poisson(moves, len(self.ids)))
        rows = len(facts["at"])
        number = pl.repeat(None, rows, dtype=pl.Float64, eager=True)
        if field == "stage":
            value = self._drawn(PIPELINE.stages, rows)
        elif field == "owner_id":
            value = self._drawn(self.owners, rows)
        else:
            many = self.rng.integers(1, 1_000, rows)
            number = pl.Series(
                many * 100.0 if field == "amount" else facts["at"] + many * DAY / 4.0
            )
            value = number.cast(pl.Int64).cast(pl.String)
        return pl.DataFrame(
            {**facts, "field": _same(field, rows), "value": value, "number": number}
        )

    def activities(self) -> dict[str, Any]:
        facts = self._facts(self.rng.poisson(11, len(self.ids)))
        rows = len(facts["at"])
        return {
            **facts,
            "activity_id": _numbered("T", rows),
            "kind": self._drawn(_KINDS, rows),
            "direction": self._drawn(("in", "out", "out"), rows),
            "status": self._drawn(_STATES, rows),
            "owner_id": self._drawn(self.owners, rows),
            "minutes": self.rng.integers(1, 90, rows) * 1.0,
        }

    def checklist(self) -> dict[str, Any]:
        facts = self._facts(self.rng.poisson(2, len(self.ids)))
        items, rows = _numbered("I", 9), len(facts["at"])
        return {
            **facts,
            "item": self._drawn(items, rows),
            "status": self._drawn(("C", "F", "W"), rows),
        }

    def contacts(self) -> dict[str, Any]:
        facts = self._facts(self.rng.poisson(2, len(self.ids)))
        rows = len(facts["at"])
        del facts["seq"]
        return {
            **facts,
            "contact_id": _numbered("P", rows),
            "role": self._drawn(BUYER_ROLES, rows),
        }

    def known_accounts(self) -> dict[str, Any]:
        rows = len(self.accounts)
        return {
            "account_id": self.accounts,
            "recorded_at": np.full(rows, END - _SPAN_DAYS * DAY),
            "industry": self._drawn(("making", "trade", "care", "schools", "banks"), rows),
            "region": self._drawn(("north", "south", "east", "west"), rows),
            "employees": self.rng.integers(1, 10_000, rows) * 1.0,
            "revenue": self.rng.integers(1, 10_000, rows) * 1e4,
        }

    def known_owners(self) -> dict[str, Any]:
        rows = len(self.owners)
        return {
            "owner_id": self.owners,
            "role": self._drawn(("SR", "SE", "SSE"), rows),
            "team": self._drawn(_numbered("G", 12), rows),
            "hired_at": END - self.rng.integers(400, 4_000, rows) * DAY,
        }

    def _facts(self, each: Ints) -> dict[str, Any]:
        """Draw so many dated facts of each deal."""
        of = np.repeat(np.arange(len(self.ids)), each)
        at = self.begun[of] + (self.rng.random(len(of)) * self.lived[of]).astype(np.int64)
        return {
            "pipeline": _same(PIPELINE.name, len(of)),
            "deal_id": self.ids.gather(of),
            "at": at,
            "seq": np.arange(len(of)),
            "recorded_at": at + self._delays(len(of)),
        }

    def _delays(self, rows: int) -> Ints:
        """Draw how much later each fact becomes known."""
        late = self.rng.random(rows) < self.late
        return np.where(late, (self.rng.random(rows) * 5 * DAY).astype(np.int64), 0)

    def _drawn(self, words: Sequence[str] | pl.Series, rows: int) -> pl.Series:
        return _of(words, self.rng.integers(0, len(words), rows))


def _of(words: Sequence[str] | pl.Series, which: Ints) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(which)


def _same(word: str, rows: int) -> pl.Series:
    return pl.repeat(word, rows, dtype=pl.String, eager=True)


def _numbered(letter: str, many: int) -> pl.Series:
    digits = pl.Series(np.arange(many)).cast(pl.String).str.zfill(9)
    return letter + digits
