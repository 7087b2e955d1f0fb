"""Feature rows to code rows: numbers stay, words become small integers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import polars as pl

from features.catalogue import Feature

MOST_WORDS: Final = 100
"""Words kept for one category; rarer ones share the code after the last."""

_FEW: Final = 300
"""Rows whose words are sooner looked up one by one than by a query."""

Codes = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Encoder:
    """The columns of a code row, and for each category its words in the order of their codes.

    An empty value is nan. A word never seen gets the code after the last: "another one".
    """

    numbers: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The features in the order of the code columns."""
        return (*self.numbers, *self.categories)

    @classmethod
    def learn(cls, rows: pl.DataFrame, features: list[Feature]) -> Self:
        """Learn the words of each category, the most frequent first."""
        categories = {
            feature.name: tuple(
                rows[feature.name]
                .drop_nulls()
                .value_counts(name="n")
                .sort(["n", feature.name], descending=[True, False])[feature.name][:MOST_WORDS]
            )
            for feature in features
            if feature.kind == "category"
        }
        return cls(tuple(f.name for f in features if f.kind == "number"), categories)

    def encode(self, rows: pl.DataFrame) -> Codes:
        """Return the code rows, float64 [rows, names]."""
        if len(rows) > _FEW:
            return rows[self.numbers].hstack(rows.select(self._codes)).to_numpy()
        words = [
            [code.get(word, len(code) - 1) for word in rows[name]]
            for name, code in self._code_of.items()
        ]
        return np.column_stack([rows[self.numbers].to_numpy(), *words])

    @cached_property
    def _code_of(self) -> dict[str, dict[str | None, float]]:
        """The code of each word and of none, by category."""
        return {
            name: {None: np.nan} | {word: float(code) for code, word in enumerate(known)}
            for name, known in self.categories.items()
        }

    @cached_property
    def _codes(self) -> list[pl.Expr]:
        """The codes of each category's words; to say how takes as long as to code a few rows."""
        words = [
            pl.col(name).replace_strict(
                list(known), list(range(len(known))), default=len(known), return_dtype=pl.Float64
            )
            for name, known in self.categories.items()
        ]
        # replace_strict sends null to the default as well, where it should stay empty
        return [
            pl.when(pl.col(name).is_not_null()).then(word)
            for name, word in zip(self.categories, words, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {"numbers": list(self.numbers), "categories": self.categories}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        categories = {name: tuple(words) for name, words in document["categories"].items()}
        return cls(tuple(document["numbers"]), categories)
