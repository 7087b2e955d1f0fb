"""The model: landmark, discrete-time, cause-specific hazards by gradient boosting.

A row is (snapshot, future bin); the target is what happens within that bin to a deal still open
at its start: it stays open, is won, or is lost. The hazards multiply up to the curves.
Landmarking after van Houwelingen (2007); discrete-time hazards after Singer & Willett (1993).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Self

import lightgbm as lgb
import numpy as np
import polars as pl
from joblib import Parallel, delayed

from features.catalogue import Feature
from features.encoder import Codes, Encoder
from models.calendar import NAMES, bin_codes
from models.calibration import Calibration
from models.curve import LOST, WON, Array, Curves
from models.sample import Sample


@dataclass(frozen=True)
class Settings:
    """How the hazards are fitted.

    Attributes:
        folds: parts the groups are cut into; each part's booster is fitted on the others, checks
            itself on its own part for the calibration, and all of them are averaged.
        rounds: trees a class and booster.
        rows_per_booster: rows a booster is fitted on at most, drawn at random, anew for each;
            bins of one deal resemble each other, so that more teach little.
        booster: parameters of LightGBM.
    """

    folds: int = 6
    rounds: int = 100
    rows_per_booster: int = 250_000
    threads: int = 2
    booster: dict[str, Any] = field(
        default_factory=lambda: {
            "learning_rate": 0.05,
            "num_leaves": 15,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
        }
    )


_FIXED: Final[dict[str, Any]] = {
    "objective": "multiclass",
    "num_class": 3,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class HazardModel:
    """Boosters of the hazards, what encodes their rows, and what corrects them."""

    edges: Array
    encoder: Encoder
    boosters: tuple[lgb.Booster, ...]
    calibration: Calibration

    @classmethod
    def fit(
        cls,
        sample: Sample,
        features: list[Feature],
        edges: Array,
        settings: Settings,
        seed: int,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Fit the boosters by cross-fitting over groups, and the calibration on their checks.

        Args:
            sample: snapshots and what came of them.
            features: the catalogue, in the order of its columns.
            edges: bin edges in days ahead, [k + 1].
            settings: see `Settings`.
            seed: of folds, sampled bins and boosters.
            progress: told each step.

        Booster and check of each part are drawn from a random state of its own, so the result
        does not depend on the number of threads.
        """
        rng = np.random.default_rng(seed)
        encoder = Encoder.learn(sample.rows, features)
        snapshot, number, cause = sample.bins(edges)
        drawn = _draw(len(snapshot), settings.folds * settings.rows_per_booster, rng)
        snapshot, number, cause = snapshot[drawn], number[drawn], cause[drawn]
        codes = encoder.encode(sample.rows)
        as_of = sample.rows["as_of"].to_numpy()
        rows = np.hstack([codes[snapshot], bin_codes(as_of[snapshot], number, edges)])
        fold = _folds(sample.groups, settings.folds, rng)[snapshot]
        checked = np.empty((len(rows), 3))

        def fit_part(part: int, rng: np.random.Generator) -> lgb.Booster:
            others, own = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
            fitted = others[_draw(len(others), settings.rows_per_booster, rng)]
            booster = _boost(rows[fitted], cause[fitted], encoder, settings, rng)
            checked[own] = booster.predict(rows[own], num_threads=1)
            progress(f"booster {part + 1} of {settings.folds}, {len(fitted):,} rows")
            return booster

        # one thread a booster: two boosters side by side beat two threads on one, the more so
        # on a busy machine, where threads wait for each other after every split
        parallel = Parallel(n_jobs=settings.threads, prefer="threads")
        parts = enumerate(rng.spawn(settings.folds))
        boosters = parallel(delayed(fit_part)(part, own_rng) for part, own_rng in parts)
        calibration = Calibration.fit(checked, number, cause, len(edges) - 1)
        return cls(edges, encoder, tuple(boosters), calibration)

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, n deals in their order."""
        hazards = self.hazards(self.encoder.encode(rows), rows["as_of"].to_numpy(), threads)
        return Curves.from_hazards(self.edges, hazards[:, :, WON], hazards[:, :, LOST])

    def hazards(self, codes: Codes, as_of: np.ndarray, threads: int = 1) -> Array:
        """Return the calibrated hazards of every bin, [n, k, 3]."""
        if len(codes) == 0:  # LightGBM refuses to predict nothing
            return np.empty((0, len(self.edges) - 1, 3))
        rows, number = self.unfold(codes, as_of)
        predicted = [np.asarray(b.predict(rows, num_threads=threads)) for b in self.boosters]
        corrected = self.calibration.apply(np.mean(predicted, axis=0), number)
        return corrected.reshape(len(codes), len(self.edges) - 1, 3)

    def unfold(self, codes: Codes, as_of: np.ndarray) -> tuple[Array, np.ndarray]:
        """Return the booster's rows, [n × k, columns], and the bin of each, [n × k]."""
        bins = len(self.edges) - 1
        number = np.tile(np.arange(bins), len(codes))
        calendar = bin_codes(np.repeat(as_of, bins), number, self.edges)
        return np.hstack([np.repeat(codes, bins, axis=0), calendar]), number


def _boost(
    rows: Array, cause: np.ndarray, encoder: Encoder, settings: Settings, rng: np.random.Generator
) -> lgb.Booster:
    columns = [*encoder.names, *NAMES]
    categories = [columns.index(name) for name in encoder.categories]
    parameters = {**_FIXED, **settings.booster, "seed": int(rng.integers(2**31))}
    data = lgb.Dataset(rows, cause, categorical_feature=categories, params=parameters)
    return lgb.train(parameters, data, settings.rounds)


def _folds(groups: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Give each group one of `folds` parts, [n]."""
    _, group = np.unique(groups, return_inverse=True)
    parts = rng.permutation(group.max(initial=0) + 1) % folds
    return parts[group]


def _draw(rows: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Choose at most `most` of so many rows, in their order."""
    return np.sort(rng.choice(rows, most, replace=False)) if rows > most else np.arange(rows)
