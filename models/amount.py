"""The amount at close: what a deal that is won will bring, by the amount that stands on it now.

Fitted is the logarithm of final by current amount, on past snapshots of deals that were won. The
exponential of its mean is a median and not a mean, so what is expected is corrected by the mean of
the exponential errors (the smearing estimate, Duan 1983): else sums of many deals come out wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import polars as pl

from features.catalogue import Feature
from features.encoder import Encoder
from models.boosting import Bag, Columns, Settings
from models.curve import WON, Array
from models.parts import Parted, draw, parts
from models.sample import Sample

LEAST_DEALS: Final = 200
"""Won deals that boosters need; with fewer there is one ratio for all."""
_PATIENCE: Final = 20
_ERRORS: Final = np.linspace(0.005, 0.995, 100)
"""The quantiles of the errors that are kept: each stands for one in a hundred."""
_KEPT: Final = (0.01, 0.99)
"""The quantiles of the ratios seen within which all stay: slips of the pen are far outside."""


@dataclass(frozen=True)
class AmountModel:
    """Boosters of the log-ratio of final to current amount, and how far off they are.

    Attributes:
        encoder: of feature rows.
        bag: boosters of the log-ratio; None where one ratio does for all.
        errors: what final amounts are of what the boosters said, each one in as many.
        least: the lowest ratio that is expected.
        most: the highest.
    """

    encoder: Encoder
    bag: Bag | None
    errors: Array
    least: float
    most: float

    @classmethod
    def fit(
        cls,
        sample: Sample,
        final: Array,
        features: list[Feature],
        settings: Settings,
        seed: int,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Fit the boosters by cross-fitting over groups, and the errors on their checks.

        Args:
            sample: snapshots and what came of them; those of deals won teach.
            final: the amount that each snapshot's deal was won at, [n]; nan where it was not.
            features: the catalogue, in the order of its columns.
            settings: see `Settings`; a booster stops when its own part gains no more.
            seed: of parts, drawn rows and boosters.
            progress: told each booster.
        """
        rng = np.random.default_rng(seed)
        amount = current(sample.rows)
        won = (sample.cause == WON) & (sample.days <= sample.seen)
        taught = np.flatnonzero(won & (amount > 0) & (final > 0))
        taught = taught[draw(len(taught), settings.rows_per_booster, rng)]
        past, ratio = sample.take(taught), final[taught] / amount[taught]
        encoder = Encoder.learn(past.rows, features)
        if not len(ratio):
            return cls(encoder, None, np.ones(1), 1.0, 1.0)
        least, most = np.quantile(ratio, _KEPT)
        ratio = np.clip(ratio, least, most)
        bag: Bag | None = None
        said: Array = np.zeros(len(ratio))
        if past.rows["deal_id"].n_unique() >= LEAST_DEALS and least < most:
            codes, part = encoder.encode(past.rows), parts(past.groups, settings.folds, rng)
            bag, said = Bag.cross_fit(
                Parted(lambda at: codes[at], part, np.arange(len(ratio))),
                np.log(ratio),
                Columns.of(encoder, []),
                replace(settings, patience=_PATIENCE, cluster=None),
                rng,
                objective="regression",
                progress=lambda text: progress(f"amount: {text}"),
            )
        errors = np.quantile(ratio / np.exp(said), _ERRORS)
        return cls(encoder, bag, errors, float(least), float(most))

    @property
    def spread(self) -> Array:
        """Final amounts by what was expected: equally likely, of mean 1."""
        spread: Array = self.errors / self.errors.mean()
        return spread

    def expected(self, rows: pl.DataFrame, threads: int = 1) -> Array:
        """Return the expected amounts at close of feature rows, should they be won, [n].

        They are in the currency of the amounts now; nan where a deal has none.
        """
        said = 0.0 if self.bag is None else self.bag.predict(self.encoder.encode(rows), threads)
        ratio = np.clip(np.exp(said) * self.errors.mean(), self.least, self.most)
        expected: Array = current(rows) * ratio
        return expected

    @property
    def bags(self) -> dict[str, Bag]:
        """The bags by name."""
        return {} if self.bag is None else {"amount": self.bag}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the boosters, fit for JSON."""
        return {
            "encoder": self.encoder.to_dict(),
            "errors": self.errors.tolist(),
            "least": self.least,
            "most": self.most,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], boosters: dict[str, tuple[Any, ...]]) -> Self:
        """Put what `to_dict` wrote and the boosters by bag together."""
        return cls(
            encoder=Encoder.from_dict(document["encoder"]),
            bag=Bag(boosters["amount"]) if "amount" in boosters else None,
            errors=np.array(document["errors"]),
            least=document["least"],
            most=document["most"],
        )


def current(rows: pl.DataFrame) -> Array:
    """Return what stands on the deals of feature rows now, [n]; nan where nothing does."""
    amounts: Array = rows["amount"].cast(pl.Float64).to_numpy()  # what is null is nan
    return amounts
