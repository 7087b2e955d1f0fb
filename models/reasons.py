"""Reasons: which facts push a deal towards won or lost, in sentences of the catalogue.

TreeSHAP (Lundberg et al. 2020), as LightGBM computes it, splits each hazard's log-odds among the
features. A deal's effect of a feature is the mean over the bins ahead, each weighted by how much
of the closing falls into it, of what the feature adds to won less what it adds to lost.

Effects add up: over the features of a topic to the effect of one reason, over those of a group to
one part of the score. Sums are steadier than what they sum: features that say nearly the same
share an effect in proportions that a small change may turn over, while their sum hardly moves.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from features.catalogue import Feature
from models.curve import Array
from models.hazard import HazardModel
from models.sentence import LANGUAGES, sentence
from models.usual import Usual
from models.win import WinModel

LEAST_SHARE: Final = 0.25
"""The share of the strongest effect below which a topic is not worth a reason."""
_BINS: Final = 3
"""Bins that effects are asked of: TreeSHAP is dear, and effects change slowly from bin to bin."""


@dataclass(frozen=True)
class Reason:
    """One reason.

    Attributes:
        feature: the strongest of its topic, which tells it; its name in the catalogue.
        topic: what it speaks of.
        group: fit, engagement, process or people.
        effect: what the topic adds to the log-odds of won against lost; negative speaks against.
        zh: the fact and what is usual, in Chinese.
        en: the same in English.
    """

    feature: str
    topic: str
    group: str
    effect: float
    zh: str
    en: str


@dataclass(frozen=True)
class Explanation:
    """Why a deal scores as it does, against the average snapshot of training.

    Attributes:
        parts: the sum of effects by group, in log-odds of won against lost.
        reasons: the topics that speak loudest for it and against it, the strongest first.
    """

    parts: dict[str, float]
    reasons: list[Reason]


def effects(
    model: HazardModel | WinModel, rows: pl.DataFrame, horizon_days: float, threads: int = 1
) -> Array:
    """Return the effect of each of the encoder's features, [n, features], up to a horizon."""
    if isinstance(model, WinModel):
        return model.effects(model.encoder.encode(rows), threads)
    codes, as_of = model.encoder.encode(rows), rows["as_of"].to_numpy()
    unfolded, number = model.ahead.unfold(codes, as_of)
    asked = _spread(int((model.edges[:-1] < horizon_days).sum()))
    ahead = np.isin(number, asked)
    added = model.effects(unfolded[ahead], number[ahead], threads)
    toward = added[:, : len(model.encoder.names)].reshape(len(codes), len(asked), -1)
    weight = _closing(model.hazards(codes, as_of, threads))[:, asked]
    weight /= weight.sum(axis=1, keepdims=True)
    effect: Array = np.einsum("nb,nbf->nf", weight, toward)
    return effect


def _spread(bins: int) -> np.ndarray:
    """Choose at most `_BINS` of so many bins: the middles of as many equal parts of them."""
    parts = min(bins, _BINS)
    return (np.arange(parts) * 2 + 1) * bins // (2 * parts)


def _closing(hazards: Array) -> Array:
    """Return how much of a deal closes in each bin, [n, k], from hazards [n, k, 3]."""
    stays = hazards[:, :, 0]
    closing: Array = np.cumprod(stays, axis=1) / stays * (1.0 - stays)
    return closing


def explain(
    model: HazardModel | WinModel,
    features: list[Feature],
    usual: Usual,
    rows: pl.DataFrame,
    horizon_days: float,
    top: int = 3,
    threads: int = 1,
) -> list[Explanation]:
    """Say why each of n deals scores as it does, [n].

    Features that speak of the seller are left out: a reason is to be acted on, and what helps
    one seller's deals is no advice to another.

    Args:
        model: the hazards, or who is won.
        features: the catalogue.
        usual: what a fact is set against.
        rows: feature rows, [n].
        horizon_days: how far ahead closings count.
        top: reasons for and reasons against, at most so many each.
        threads: of the boosters.
    """
    if rows.is_empty():
        return []
    by_name = {feature.name: feature for feature in features}
    columns = [by_name[name] for name in model.encoder.names]
    neutral = np.array([not feature.owner for feature in columns])
    found = np.where(neutral, effects(model, rows, horizon_days, threads), 0.0)
    return [
        Explanation(
            _sums([feature.group for feature in columns], effect),
            _strongest(columns, effect, facts, usual, top),
        )
        for effect, facts in zip(found, rows.iter_rows(named=True), strict=True)
    ]


def _sums(keys: list[Any], effect: Array) -> dict[str, float]:
    names, place = np.unique(keys, return_inverse=True)
    return dict(zip(names.tolist(), np.bincount(place, effect).tolist(), strict=True))


def _strongest(
    columns: list[Feature], effect: Array, facts: dict[str, Any], usual: Usual, top: int
) -> list[Reason]:
    topics = _sums([feature.topic for feature in columns], effect)
    loud = LEAST_SHARE * max(map(abs, topics.values()))
    ranked = sorted(topics, key=lambda topic: -abs(topics[topic]))
    heard = [topic for topic in ranked if abs(topics[topic]) >= loud > 0]
    speaks_for = [topic for topic in heard if topics[topic] > 0][:top]
    against = [topic for topic in heard if topics[topic] < 0][:top]
    return [
        _told(columns, effect, facts, usual, topic, topics[topic])
        for topic in heard
        if topic in speaks_for or topic in against
    ]


def _told(
    columns: list[Feature],
    effect: Array,
    facts: dict[str, Any],
    usual: Usual,
    topic: str,
    added: float,
) -> Reason:
    """Tell a topic by the feature that adds most to it in the direction of its sum."""
    own = [place for place, feature in enumerate(columns) if feature.topic == topic]
    feature = columns[max(own, key=lambda place: effect[place] * np.sign(added))]
    value, stage = facts[feature.name], facts["stage"]
    zh, en = (sentence(feature, value, usual, stage, one, added) for one in LANGUAGES)
    return Reason(feature.name, topic, feature.group, added, zh, en)
