"""Reasons: which facts push a deal towards won or lost, in sentences of the catalogue.

TreeSHAP (Lundberg et al. 2020), as LightGBM computes it, splits each hazard's log-odds among the
features. A deal's effect of a feature is the mean over the bins ahead, each weighted by how much
of the closing falls into it, of what the feature adds to won less what it adds to lost.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from features.catalogue import Feature
from models.curve import Array
from models.hazard import HazardModel

_NO_VALUE = {"zh": "无", "en": "none yet"}


@dataclass(frozen=True)
class Reason:
    """One reason.

    Attributes:
        feature: its name in the catalogue.
        group: fit, engagement, process or people.
        effect: what it adds to the log-odds of won against lost; negative speaks against.
        zh: the fact in Chinese.
        en: the fact in English.
    """

    feature: str
    group: str
    effect: float
    zh: str
    en: str


def effects(model: HazardModel, rows: pl.DataFrame, horizon_days: float) -> Array:
    """Return the effect of each of the encoder's features, [n, features], up to a horizon."""
    codes, as_of = model.encoder.encode(rows), rows["as_of"].to_numpy()
    unfolded, number = model.unfold(codes, as_of)
    ahead = model.edges[:-1] < horizon_days
    unfolded = unfolded[ahead[number]]
    shape = (len(codes), int(ahead.sum()), unfolded.shape[1])
    added = (model.won.effects(unfolded) - model.lost.effects(unfolded)).reshape(shape)
    hazards = model.hazards(codes, as_of)[:, ahead]
    closing = np.cumprod(hazards[:, :, 0], axis=1) / hazards[:, :, 0] * (1 - hazards[:, :, 0])
    weight = closing / closing.sum(axis=1, keepdims=True)
    toward: Array = np.einsum("nb,nbf->nf", weight, added[..., : len(model.encoder.names)])
    return toward


def reasons(
    model: HazardModel,
    features: list[Feature],
    rows: pl.DataFrame,
    horizon_days: float,
    top: int,
) -> list[list[Reason]]:
    """Return the strongest reasons of each deal, the strongest first.

    Of features repeated over a vocabulary ("done:call", "done:mail") only the strongest speaks.
    """
    if rows.is_empty():
        return []
    by_name = {feature.name: feature for feature in features}
    columns = [by_name[name] for name in model.encoder.names]
    return [
        _strongest(columns, effect, facts, top)
        for effect, facts in zip(
            effects(model, rows, horizon_days), rows.iter_rows(named=True), strict=True
        )
    ]


def _strongest(
    columns: list[Feature], effect: Array, facts: dict[str, Any], top: int
) -> list[Reason]:
    chosen: dict[str, Reason] = {}
    for place in np.argsort(-np.abs(effect)):
        feature, added = columns[place], float(effect[place])
        subject = feature.name.partition(":")[0]
        if subject in chosen or added == 0.0:
            continue
        zh, en = (sentence(feature, facts[feature.name], language) for language in ("zh", "en"))
        chosen[subject] = Reason(feature.name, feature.group, added, zh, en)
        if len(chosen) == top:
            break
    return list(chosen.values())


def sentence(feature: Feature, value: float | str | None, language: str) -> str:
    """Say a feature's fact: "time since the last call: 12 days"."""
    meaning = feature.zh if language == "zh" else feature.en
    colon = "：" if language == "zh" else ": "
    if value is None:
        return f"{meaning}{colon}{_NO_VALUE[language]}"
    if isinstance(value, str):
        return f"{meaning}{colon}{value}"
    text = f"{value:,.1f}" if feature.unit == "days" and abs(value) < 10 else f"{value:,.0f}"
    days = {"zh": " 天", "en": " days"}[language] if feature.unit == "days" else ""
    return f"{meaning}{colon}{text}{days}"
