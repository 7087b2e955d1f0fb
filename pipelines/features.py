"""`dealcast features`: what a training looks at, and whether your own features keep the laws."""

from typing import Any, Final

import narwhals as nw
import numpy as np
import polars as pl
from rich.console import Console

from data.contract import TABLES, Pipeline
from data.errors import BadInput
from data.moments import iso
from data.settings import Settings
from data.tables import NAMES, Tables, collect, lazy_tables
from features.catalogue import Feature
from features.compute import catalogue
from features.context import Context
from features.custom import load, try_out
from features.laws import MEANING, Breach, breaches
from features.pace import Pace
from models.sentence import Language
from pipelines.tables import show_table
from pipelines.workspace import opened
from training.fit import in_words

_DEALS: Final = 200
"""Deals that the laws are tried on, with all that is known of them."""
_MOMENTS: Final = 4
"""Moments at which they are tried, each that of a fact."""


def listing(settings: Settings, pipeline: str) -> list[dict[str, Any]]:
    """Return the catalogue of a pipeline's next training: JSON values, a row per feature.

    Raises:
        NotFound: no such pipeline.
        BadInput: features of the workspace that cannot be used.
    """
    configured, tables = opened(settings, pipeline)
    context = _context(settings, tables, configured)
    return [_told(one) for one in in_words(catalogue(context), configured)]


def _told(feature: Feature) -> dict[str, Any]:
    told = ("name", "zh", "en", "group", "unit", "kind", "direction", "owner", "topic", "origin")
    return {name: getattr(feature, name) for name in told}


def _context(settings: Settings, tables: Tables, pipeline: Pipeline) -> Context:
    cadence = Pace.learn(tables, pipeline).cadence_days
    return Context.learn(tables, pipeline, cadence, custom=load(settings.features))


def show(found: list[dict[str, Any]], language: Language, console: Console) -> None:
    """Print a listing as a table, the meaning in one language."""
    speaks = {1: "for", -1: "against", 0: ""}
    rows = [
        [
            *(one["name"], one[language], one["group"], one["unit"] or one["kind"]),
            *(speaks[one["direction"]], one["origin"]),
        ]
        for one in found
    ]
    show_table(console, ["Name", "Meaning", "Group", "Unit", "Speaks", "From"], rows)


def check(settings: Settings, pipeline: str, seed: int = 0) -> str:
    """Try the laws of features on some deals and return what was tried, in a line.

    Raises:
        NotFound: no such pipeline.
        BadInput: there are no features of the user's own, or one cannot be used or breaks a law.
    """
    configured, all_ = opened(settings.model_copy(update={"engine": "polars"}), pipeline)
    rng = np.random.default_rng(seed)
    ids = collect(all_.deals.select("deal_id"))["deal_id"].sort().to_numpy()
    some = rng.permutation(ids)[:_DEALS]
    frames = _of_deals(all_, some)
    tables = lazy_tables(frames, configured)
    context = _context(settings, tables, configured)
    own = [feature.name for family in context.custom for feature, _ in family.entries]
    if not own:
        raise _none(settings)
    try_out(tables, context)
    dated = pl.concat([frames[name]["recorded_at"] for name in ("deals", "changes")]).sort()
    if dated.is_empty():
        raise BadInput(
            "no deals to try features on",
            field="pipeline",
            value=pipeline,
            allowed="a pipeline with deals",
            remedy="ingest some, and look at what was refused",
        )
    moments = rng.choice(dated.to_numpy(), _MOMENTS)
    broken = breaches(frames, configured, context, moments.tolist(), seed=seed)
    if broken:
        raise _broken(broken, context)
    laws = "; ".join(f"nothing of: {meaning}" for meaning in MEANING.values())
    return f"{', '.join(own)}: tried on {len(some)} deals at {_MOMENTS} moments; {laws}"


def _of_deals(tables: Tables, deals: np.ndarray) -> dict[str, pl.DataFrame]:
    """Return the contract's tables of some deals, and those that are not of one deal whole."""
    frames = {}
    for name in NAMES:
        columns = TABLES[name].schema.names()
        rows = getattr(tables, name).select(*columns)
        own = nw.col("deal_id").is_in(deals.tolist())
        frames[name] = collect(rows.filter(own) if "deal_id" in columns else rows)
    return frames


def _none(settings: Settings) -> BadInput:
    return BadInput(
        "no features of your own",
        field="features",
        value=str(settings.features),
        allowed="files whose names end in .py, or installed packages",
        remedy="see docs/features.md",
    )


def _broken(broken: list[Breach], context: Context) -> BadInput:
    origins = {feature.name: feature.origin for feature in catalogue(context)}
    told = [
        f"{one.feature} {origins.get(one.feature) or ''}: {MEANING[one.law]} (deal {one.deal_id} "
        f"at {iso(one.as_of)}: {one.value} and {one.other})"
        for one in broken
    ]
    return BadInput(
        "features that break a law",
        field="features",
        value="; ".join(told),
        allowed="what was known at the snapshot decides a feature, and nothing else",
        remedy="ask History and the columns of docs/features.md, of one row at a time",
    )
