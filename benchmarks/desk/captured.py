"""Value captured at capacity: our list against plain rankings, by the true effect of work.

At each origin a bundle is trained on what was known then, the open deals are scored, and every
policy spends the same hours of the same sellers by the same solver. What a choice captures is the
sum of amount × true effect over its deals (see docs/simulator.md), which no policy knows.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import polars as pl

from data.listing import Experiments, Listing
from data.moments import DAY, iso_date, monday, parse_moment
from data.simulator import SimulatedPipeline, simulate
from data.tables import Tables, lazy_tables
from models.boosting import Settings
from models.bundle import Bundle
from models.curve import Array
from models.usual import Usual
from serving.actions import ACTED
from serving.insights.allocation import Load, greedy, numbered
from serving.insights.board import board
from serving.insights.priorities import prioritise
from serving.insights.response import expected_effect
from serving.scorer import Scorer
from serving.scores import Scores
from training.fit import fit
from training.forecasts import STAGE

_END: Final = parse_moment("2026-06-29")
_QUARTER: Final = 91 * DAY
_DEALS, _YEARS, _SEED = 5_000, 3.0, 0
_DAYS: Final = 91
"""The true effect is told at this many days ahead: about a quarter."""
SHARES: Final = (0.1, 0.2, 0.3, 0.5)
"""Hours of each seller, as a share of what one action for each open deal would take."""
_RANDOM: Final = 10
_DRAWS: Final = 2_000
FITTING: Final = Settings.light(threads=1)

Told = Callable[[str], None]


def measured(told: Told, origins: int = 5) -> dict[str, Any]:
    """Judge all policies at quarterly origins."""
    company = simulate(_DEALS, _YEARS, end=_END, seed=_SEED).opportunities
    started, parts = time.monotonic(), []
    for quarters in range(origins, 0, -1):
        parts.append(_at_origin(company, _END - quarters * _QUARTER))
        told(f"{iso_date(_END - quarters * _QUARTER)}: {len(parts[-1]):,} open deals")
    deals = pl.concat(parts)
    names = [name for name in deals.columns if name.startswith("value_")]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("dealcast", "lightgbm", "scipy")},
        "seed": _SEED,
        "company": {"deals": _DEALS, "years": _YEARS},
        "fitting": {
            "folds": FITTING.folds,
            "rounds": FITTING.rounds,
            "rows_per_booster": FITTING.rows_per_booster,
        },
        "wall_s": time.monotonic() - started,
        "origins": [iso_date(moment) for moment in deals["as_of"].unique().sort()],
        "deals": len(deals),
        "mean_effect": deals["effect"].mean(),
        "correlation": {
            name.removeprefix("effect_"): deals.select(pl.corr(name, "effect")).item()
            for name in deals.columns
            if name.startswith("effect_")
        },
        "capacities": [_compared(deals, share, names) for share in SHARES],
        "list": _published(deals),
    }


def _at_origin(company: SimulatedPipeline, as_of: int) -> pl.DataFrame:
    """Return the open deals with their true effect and what every policy thinks of them."""
    tables = lazy_tables(company.frames, company.settings)
    scores = Scorer(_trained(company, tables, as_of)).score(
        tables, as_of, trend_days=7, contact=True
    )
    deals = board(tables, as_of, company.settings, scores)
    true = company.truth.filter(pl.col("as_of") == as_of, pl.col("days_ahead") == _DAYS)
    true = true.select("deal_id", effect=pl.col("p_won_worked") - pl.col("p_won"))
    copies = company.duplicates["deal_id"].implode()
    deals = (
        deals.join(_thoughts(scores), on="deal_id", maintain_order="left")
        .join(true, on="deal_id", maintain_order="left")
        .filter(~pl.col("deal_id").is_in(copies))  # nobody works on what was entered twice
        .with_columns(as_of=pl.lit(as_of), gain=pl.col("amount") * pl.col("effect"))
    )
    listed = _listed(deals, as_of, company.settings.desk)
    return deals.select(
        "deal_id",
        "account_id",
        "owner_id",
        "hours",
        "as_of",
        "effect",
        "gain",
        *(
            name
            for name in deals.columns
            if name.startswith(("value_", "effect_")) and name != "value_at_stake"
        ),
    ).join(listed, on="deal_id", maintain_order="left")


def _trained(company: SimulatedPipeline, tables: Tables, as_of: int) -> Bundle:
    fitted = fit(tables, company.settings, as_of, FITTING, _SEED)
    card = {
        "pipeline": company.settings.model_dump(mode="json"),
        "as_of_moment": as_of,
        "horizons_days": list(fitted.pace.horizons_days),
        "serves": "model",
        "amounts": "now",
    }
    usual = Usual.learn(fitted.sample, fitted.features)
    baseline = fitted.baselines[STAGE]
    return Bundle(
        "", card, fitted.context, fitted.features, fitted.model, baseline, fitted.amount, usual
    )


def _thoughts(scores: Scores) -> pl.DataFrame:
    """Return what each policy ranks by: value_<policy>, and effect_<curve> of response curves."""
    amount = np.nan_to_num(scores.amounts)
    p = scores.curves.won_by(_DAYS)
    settled = expected_effect(replace(scores, answered=None), _DAYS, 7.0)
    contact = expected_effect(scores, _DAYS, 7.0)
    unheard = scores.rows["no_reply"].cast(pl.Float64).fill_null(60.0).to_numpy()
    room = 1.0 - np.exp(-unheard / 14.0)
    effects = {
        "contact": contact,
        "settled": settled,
        "unsettled": p * (1.0 - p),
        "room": p * (1.0 - p) * room,
        "both": contact * room,
    }
    plain = {"amount": amount, "probability": p, "expected": amount * p}
    return scores.rows.select(
        "deal_id",
        **{f"effect_{name}": pl.Series(effect) for name, effect in effects.items()},
        **{f"value_{name}": pl.Series(amount * effect) for name, effect in effects.items()},
        **{f"value_{name}": pl.Series(value) for name, value in plain.items()},
    )


def _listed(deals: pl.DataFrame, as_of: int, desk: Listing) -> pl.DataFrame:
    """Say what the list as it is published takes, with and without what is left to chance."""
    acted, week = pl.DataFrame(schema=ACTED), monday(as_of).isoformat()
    hours = deals.group_by("owner_id").agg(h=0.3 * pl.sum("hours")).rows()
    off = Experiments(holdout=0, explore=0, swap=0)
    told = deals.select("deal_id")
    for name, experiments in (("rules", off), ("whole", desk.experiments)):
        ours = desk.model_copy(update={"hours_by_owner": dict(hours), "experiments": experiments})
        made = prioritise(deals, ours, "opportunities", week, as_of, acted)
        taken = made.listed.select("deal_id", pl.lit(value=True).alias(f"listed_{name}"))
        told = told.join(taken, on="deal_id", how="left", maintain_order="left")
    return told.fill_null(value=False)


def _load(deals: pl.DataFrame, share: float, value: Array) -> Load:
    """Return one origin's competition for a share of each seller's hours."""
    seller = numbered(deals["owner_id"].fill_null(""))
    hours = deals["hours"].to_numpy()
    capacity: Array = (share * np.bincount(seller, hours)).astype(np.float64)
    most = np.full(len(capacity), len(deals))
    return Load(value, hours, seller, np.full(len(deals), -1), capacity, most, len(deals))


def _chosen(deals: pl.DataFrame, share: float, value: Array) -> Array:
    """Return 1 for each deal that a policy's values choose, origin by origin, [n]."""
    taken = np.zeros(len(deals))
    for moment in deals["as_of"].unique():
        here = (deals["as_of"] == moment).to_numpy()
        own = deals.filter(pl.Series(here))
        taken[here] = greedy(_load(own, share, value[here]))
    return taken


def _compared(deals: pl.DataFrame, share: float, names: list[str]) -> dict[str, Any]:
    """Return what every policy captures of the most that could be, at one capacity."""
    taken = {
        name.removeprefix("value_"): _chosen(deals, share, deals[name].to_numpy()) for name in names
    }
    rng = np.random.default_rng(_SEED)
    lots = [_chosen(deals, share, rng.random(len(deals))) for _ in range(_RANDOM)]
    taken["random"] = np.mean(lots, axis=0)
    best = _chosen(deals, share, deals["gain"].clip(0).to_numpy())
    return {"share": share, "policies": _told(deals, taken, best, "contact")}


def _published(deals: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what the list as it is published captures, at three tenths of the hours."""
    taken = {name: deals[f"listed_{name}"].to_numpy().astype(float) for name in ("rules", "whole")}
    taken["contact"] = _chosen(deals, 0.3, deals["value_contact"].to_numpy())
    best = _chosen(deals, 0.3, deals["gain"].clip(0).to_numpy())
    return _told(deals, taken, best, "contact")


def _told(
    deals: pl.DataFrame, taken: dict[str, Array], best: Array, ours: str
) -> list[dict[str, Any]]:
    """Return the share captured by each policy, and ours less it, with intervals by account."""
    gain = deals["gain"].to_numpy()
    account = numbered(deals["account_id"])
    sums = {name: np.bincount(account + 1, gain * one) for name, one in taken.items()}
    most = np.bincount(account + 1, gain * best)
    rng = np.random.default_rng(_SEED)
    weight = rng.multinomial(len(most), np.full(len(most), 1 / len(most)), _DRAWS)
    shares = {name: (weight @ one) / (weight @ most) for name, one in sums.items()}
    rows = [
        {
            "policy": name,
            "captured": float(one.sum() / most.sum()),
            "amount": float(one.sum()),
            **_between(shares[name], ""),
            "ours_less": float((sums[ours].sum() - one.sum()) / most.sum()),
            **_between(shares[ours] - shares[name], "ours_less_"),
        }
        for name, one in sums.items()
    ]
    return sorted(rows, key=lambda row: -float(row["captured"]))


def _between(draws: Array, name: str) -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {f"{name}low": float(low), f"{name}high": float(high)}
