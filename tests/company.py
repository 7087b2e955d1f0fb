"""A small company with a history that a model can learn from within seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from data.contract import Pipeline
from data.database import open_database
from data.moments import DAY, HOUR, iso, parse_moment
from data.settings import Settings
from data.tables import load_pipeline, open_tables, write_parquet
from models.boosting import Settings as Fitting
from models.bundle import Bundle, crown
from models.usual import Usual
from pipelines import ingest
from training.fit import Fitted, fit

NAME = "sales"
END = parse_moment("2026-03-02")
STAGES = ("qualify", "offer", "close")
PIPELINE = Pipeline(name=NAME, stages=STAGES, currency="CNY", horizons_days=(7, 28, 56))
SMALL = Fitting(folds=2, rounds=20)


def history(deals: int = 240, seed: int = 1) -> dict[str, pl.DataFrame]:
    """Make raw frames: better deals move faster, are called more often, and are won."""
    rng = np.random.default_rng(seed)
    facts: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("deals", "changes", "activities", "accounts", "owners")
    }
    for number in range(deals):
        _add_deal(facts, number, END - int((deals - number) * 1.2 * DAY), rng)
    for number in range(20):
        facts["accounts"].append({"account_id": f"a{number}", "name": f"客户 {number}"})
    for number in range(4):
        facts["owners"].append({"owner_id": f"o{number}", "name": f"Seller {number}", "team": "T"})
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in facts.items()}


def _add_deal(facts: dict[str, Any], number: int, created: int, rng: np.random.Generator) -> None:
    deal_id, good = f"d{number:03}", rng.random()
    closes = created + int((10 + 40 * rng.random()) * DAY)
    outcome = ("won" if rng.random() < good else "lost") if closes < END else "open"
    facts["deals"].append(
        {
            "deal_id": deal_id,
            "title": f"=Deal {number}",
            "account_id": f"a{number % 20}",
            "created_at": created,
            "closed_at": closes if outcome != "open" else None,
            "outcome": outcome,
        }
    )
    last = min(closes, END) - HOUR

    def change(field: str, at: int, value: str) -> None:
        if at <= last:
            facts["changes"].append({"deal_id": deal_id, "field": field, "at": at, "value": value})

    change("amount", created, f"{1000 * (1 + number % 7)}")
    change("owner_id", created, f"o{number % 4}")
    for place, stage in enumerate(STAGES):
        change("stage", created + int(place * (12 - 8 * good) * DAY), stage)
    for day in range(1, int((last - created) / DAY), 2 if good > 0.5 else 6):
        at = created + day * DAY
        facts["activities"].append(
            {"deal_id": deal_id, "kind": "call", "at": at, "activity_id": f"{deal_id}-{day}"}
        )


def found(settings: Settings) -> Bundle:
    """Bring the history into a workspace, train a small bundle and make it champion."""
    source = settings.workspace / "history"
    write_parquet(history(), source, PIPELINE)
    ingest.run(source, "canonical", NAME, settings, Console(quiet=True))
    engine = open_database(settings)
    tables, pipeline = open_tables(engine, NAME), load_pipeline(engine, NAME)
    engine.dispose()
    bundle = bundled(fit(tables, pipeline, END, SMALL, seed=0)).save(settings.bundles / NAME)
    crown(settings.bundles / NAME / bundle.name)
    return bundle


@contextmanager
def small_boosters() -> Iterator[None]:
    """Let commands fit `SMALL` boosters, where it is not asked how well they predict."""
    from pipelines import backtest, train  # here, because they load MLflow, which takes seconds

    with pytest.MonkeyPatch.context() as patch:
        for command in (train, backtest):
            patch.setattr(command, "Fitting", partial(replace, SMALL))
        yield


def bundled(fitted: Fitted) -> Bundle:
    """Return the unsaved bundle of a fitted model."""
    card = {
        "pipeline": fitted.pipeline.model_dump(mode="json"),
        "as_of_moment": fitted.end,
        "horizons_days": list(fitted.pace.horizons_days),
        "serves": "model",
        "amounts": "model",
        "snapshots": len(fitted.sample),
        "seed": 0,
    }
    usual = Usual.learn(fitted.sample, fitted.features)
    parts = (fitted.context, fitted.features, fitted.model, fitted.baseline, fitted.amount, usual)
    return Bundle("", card, *parts)


def records(raw: dict[str, pl.DataFrame], as_of: int = END) -> list[dict[str, Any]]:
    """Tell the deals open at a moment as whole records, in the words of the interface."""
    open_then = raw["deals"].filter(
        pl.col("created_at") <= as_of, pl.col("closed_at").is_null() | (pl.col("closed_at") > as_of)
    )
    accounts = {
        row["account_id"]: _told(row, drop=("account_id",))
        for row in raw["accounts"].iter_rows(named=True)
    }
    return [
        {
            "deal": _told(deal, drop=()),
            "changes": _facts(raw["changes"], deal["deal_id"]),
            "activities": _facts(raw["activities"], deal["deal_id"]),
            "account": accounts.get(deal["account_id"]),
        }
        for deal in open_then.sort("deal_id").iter_rows(named=True)
    ]


def _facts(frame: pl.DataFrame, deal_id: str) -> list[dict[str, Any]]:
    of_deal = frame.filter(pl.col("deal_id") == deal_id)
    return [_told(row, drop=("deal_id",)) for row in of_deal.iter_rows(named=True)]


def _told(row: dict[str, Any], drop: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: iso(value) if name.endswith("at") and isinstance(value, int) else value
        for name, value in row.items()
        if name not in drop
    }


def workspace(folder: Path) -> Settings:
    """Return the settings of a workspace in a folder, on SQLite."""
    return Settings(workspace=folder, max_body_bytes=1_000_000)
