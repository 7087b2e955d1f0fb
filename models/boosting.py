"""Cross-fitted boosters: each is fitted on all parts of the data but its own, and checked on it.

The checks are honest predictions of every row, for a calibration; the average of the boosters
is what serves. One way of fitting for every target there is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

import lightgbm as lgb
import numpy as np
from joblib import Parallel, delayed

from data.errors import BadInput
from features.catalogue import Feature
from features.encoder import Encoder
from models.cluster import fitted, pieces
from models.curve import Array
from models.parts import Parted, draw, draw_events
from models.trees import Trees


@dataclass(frozen=True)
class Settings:
    """How boosters are fitted.

    Attributes:
        folds: parts the groups are cut into.
        rounds: trees a booster.
        patience: trees without a gain on its own part after which a booster stops, back at its
            best; None where all are grown. Its check is then a little too good.
        rows_per_booster: rows a booster is fitted on at most, drawn anew for each.
        rows_at_once: of those, how many may be in memory as numbers; LightGBM bins more than so
            many piece by piece, and holds a byte for each number.
        half_life_days: how old a snapshot is that counts half; None where all count the same.
        threads: boosters fitted side by side.
        cluster: the scheduler of a Dask cluster whose workers fit each booster together, one
            after the other; None fits them here. There is no patience there, so what needs it
            (`models.win`, `models.amount`) is fitted here.
        booster: parameters of LightGBM.
    """

    folds: int = 6
    rounds: int = 100
    patience: int | None = None
    rows_per_booster: int = 150_000
    rows_at_once: int = 1_000_000
    half_life_days: float | None = None
    threads: int = 2
    cluster: str | None = None
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

    @classmethod
    def light(cls, threads: int = 2) -> Self:
        """Return settings to try something out, not to serve: few boosters, of few rows."""
        return cls(folds=2, rounds=80, rows_per_booster=50_000, threads=threads)

    def __post_init__(self) -> None:
        """Refuse what LightGBM does not do on a cluster.

        Raises:
            BadInput: a cluster and patience.
        """
        if self.cluster is not None and self.patience is not None:
            raise BadInput(
                "boosters that a cluster fits cannot stop early",
                field="patience",
                value=str(self.patience),
                allowed="none, where there is a cluster",
                remedy="leave one of the two out",
            )


_FIXED: Final[dict[str, Any]] = {
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class Bag:
    """Boosters of one target, whose raw scores are averaged.

    Attributes:
        boosters: fitted on overlapping parts of the data.
        offset: what is added to the mean raw score.
    """

    boosters: tuple[lgb.Booster, ...]
    offset: float = 0.0

    def predict(self, rows: Array, threads: int = 1, still: int = 0, alike: int = 1) -> Array:
        """Return the raw score of rows, [n]: log-odds, or the value itself in regression.

        Args:
            rows: code rows.
            threads: that share them.
            still: how many of the first columns are the same in a run of rows.
            alike: how many rows a run has.
        """
        added = self._trees.predict(rows, still, alike, threads)
        return added / len(self.boosters) + self.offset

    @cached_property
    def _trees(self) -> Trees:
        return Trees.of(self.boosters)

    def effects(self, rows: Array, threads: int = 1) -> Array:
        """Return what each column adds to the raw score (TreeSHAP), [n, columns]."""
        parts = [b.predict(rows, pred_contrib=True, num_threads=threads) for b in self.boosters]
        added: Array = np.mean(parts, axis=0)[:, :-1]
        return added

    @classmethod
    def cross_fit(
        cls,
        data: Parted,
        target: Array,
        columns: "Columns",
        settings: Settings,
        rng: np.random.Generator,
        objective: str = "binary",
        progress: Callable[[str], None] = lambda _: None,
    ) -> tuple[Self, Array]:
        """Fit one booster for each part, on rows of all others, and check it on its own.

        Each is fitted and checked from a random state of its own, so the result does not depend
        on the number of threads.

        Args:
            data: the rows and their parts.
            target: 0 and 1, or a number in regression, [n]; nan where a row is not fitted on.
            columns: what the boosters' columns are.
            settings: see `Settings`.
            rng: of draws and boosters.
            objective: LightGBM's.
            progress: told each booster.

        Returns:
            The bag, and the raw score of each checked row by the booster not fitted on it, [c].
        """
        checks = np.empty(len(data.checked))

        def fit_part(one: int, rng: np.random.Generator) -> tuple[lgb.Booster, float]:
            at, offset = _drawn(data.others(one, target), target, settings, objective, rng)
            parameters = {**_FIXED, **settings.booster, **columns.constraints()}
            parameters |= {"objective": objective, "seed": int(rng.integers(2**31))}
            own = data.own(one)
            asked = data.rows(data.checked[own])
            known = (asked, target[data.checked[own]])
            booster = _fitted(data, target, at, columns, settings, parameters, known)
            checks[own] = cls((booster,), offset).predict(asked)
            progress(f"booster {one + 1} of {settings.folds}, {len(at):,} rows")
            return booster, offset

        # one thread a booster: two boosters side by side beat two threads on one, the more so
        # on a busy machine, where threads wait for each other after every split
        abreast = settings.threads if settings.cluster is None else 1
        parallel = Parallel(n_jobs=abreast, prefer="threads")
        each = enumerate(rng.spawn(settings.folds))
        both = parallel(delayed(fit_part)(one, own_rng) for one, own_rng in each)
        boosters, offsets = zip(*both, strict=True)
        return cls(tuple(boosters), float(np.mean(offsets))), checks


def _fitted(
    data: Parted,
    target: Array,
    at: np.ndarray,
    columns: "Columns",
    settings: Settings,
    parameters: dict[str, Any],
    known: tuple[Array, Array],
) -> lgb.Booster:
    """Fit one booster on the rows at positions; `known` are rows and targets to stop early by."""
    weights = data.weights(at)
    if settings.cluster is not None:
        rows = map(data.rows, pieces(at, settings.rows_at_once))
        of = (target[at], weights, parameters, settings.rounds, columns.categories)
        return fitted(settings.cluster, rows, *of)
    learned = lgb.Dataset(
        Pieces.of(data, at, settings.rows_at_once),
        target[at],
        weight=weights,
        categorical_feature=columns.categories,
        params=parameters,
    )
    watch: dict[str, Any] = {}
    if settings.patience is not None and len(known[1]):
        stop = lgb.early_stopping(settings.patience, verbose=False)
        watch = {"valid_sets": [lgb.Dataset(*known, reference=learned)], "callbacks": [stop]}
    return lgb.train(parameters, learned, settings.rounds, **watch)


class Pieces(lgb.Sequence):  # type: ignore[misc]
    """Rows at positions of the data, given to LightGBM a piece at a time."""

    def __init__(self, data: Parted, at: np.ndarray, size: int) -> None:
        self._data, self._at, self.batch_size = data, at, size
        self._piece = -1
        self._rows: Array = np.empty(0)

    @classmethod
    def of(cls, data: Parted, at: np.ndarray, most: int) -> "Array | Pieces":
        """Return the rows as an array, which is quicker, or in pieces of at most so many."""
        return data.rows(at) if len(at) <= most else cls(data, at, most)

    def __len__(self) -> int:
        """How many rows."""
        return len(self._at)

    def __getitem__(self, place: int | slice) -> Array:
        """Return one row, or a slice of them.

        LightGBM asks for rows of a sample one by one, ascending, so their piece is kept.
        """
        if isinstance(place, slice):
            return self._data.rows(self._at[place])
        piece, row = divmod(int(place), self.batch_size)
        if piece != self._piece:
            begin = piece * self.batch_size
            self._piece, self._rows = piece, self[begin : begin + self.batch_size]
        own: Array = self._rows[row]
        return own


def _drawn(
    others: np.ndarray,
    target: Array,
    settings: Settings,
    objective: str,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Choose the positions that a booster is fitted on, and the offset that undoes the choice."""
    most = settings.rows_per_booster
    if objective != "binary":
        return others[draw(len(others), most, rng)], 0.0
    drawn, offset = draw_events(target[others], most, rng)
    return others[drawn], offset


@dataclass(frozen=True)
class Columns:
    """What the columns of a booster's rows are.

    Attributes:
        categories: positions of those that are codes of words.
        directions: of each column 1 where the score may only rise with it, -1 fall, 0 either.
        steps: positions of numbers that count steps: each has a height of its own on a line.
    """

    categories: list[int]
    directions: list[int]
    steps: list[int] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        features: Sequence[Feature],
        towards: int = 1,
        more: Sequence[str] = (),
        steps: Sequence[str] = (),
    ) -> Self:
        """Describe code rows.

        Args:
            encoder: of the code rows.
            features: the catalogue, for the directions.
            towards: -1 where the target speaks against winning.
            more: names of columns that follow those of the encoder.
            steps: which of those count steps.
        """
        names = [*encoder.names, *more]
        directions = {feature.name: towards * feature.direction for feature in features}
        return cls(
            categories=[names.index(name) for name in encoder.categories],
            directions=[directions.get(name, 0) for name in names],
            steps=[names.index(name) for name in steps],
        )

    def constraints(self) -> dict[str, Any]:
        """Return LightGBM's parameter, nothing where no column has a direction."""
        return {"monotone_constraints": self.directions} if any(self.directions) else {}
