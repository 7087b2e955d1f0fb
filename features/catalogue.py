"""The catalogue: what each feature is called, means, and how it may be read.

A feature is added in one place: one function with one `@family.feature(...)` entry above it.
The function is given the deal's `History` and returns an expression; the same expression
answers for training, for the weekly batch and for one request.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self, TypeAlias, get_args

import narwhals as nw

from data.errors import BadInput, did_you_mean
from data.words import KINDS, ROLES
from features.context import VOCABULARIES
from features.history import History

Group = Literal["fit", "engagement", "process", "people"]
Kind = Literal["number", "category"]
Definition: TypeAlias = Callable[..., nw.Expr]

_ALLOWED: Final[dict[str, tuple[object, ...]]] = {
    "unit": ("days", "count", "money", "ratio", ""),
    "group": get_args(Group),
    "kind": get_args(Kind),
    "each": (None, *VOCABULARIES),
    "direction": (-1, 0, 1),
    "clock": (-1, 0, 1),
}
"""What a field of an entry may be, where not everything."""
_NAMES: Final = {"kinds": KINDS, "roles": ROLES}
"""The vocabularies of the contract's own words, and what these are called."""


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: unique; a colon separates a repeated feature from its word ("done:call").
        zh: the meaning in Chinese.
        en: the meaning in English.
        unit: "days", "count", "money", "ratio" or "" for a word.
        group: which part of the score it speaks to: who they are, what they do,
            how the deal moves, who is covered.
        kind: number or category.
        each: the vocabulary of the context it is repeated for.
        direction: 1 where more of it can only speak for winning, -1 where only against, 0 where
            the data decide.
        clock: 1 where it grows by a day each day as long as nothing happens (the deal's age), -1
            where it falls (days to a date), 0 where it stays.
        owner: whether it speaks of the seller and not of the deal.
        topic: what it speaks of, with others that say the same from another angle; a reason sums
            them up. By default the name up to its colon.
        zh_fact: how a reason puts it in Chinese, "{}" being the quantity ("客户{}未回应"), "{{}}"
            where "{}" is the word; by default the meaning, a colon and the quantity.
        en_fact: the same in English ("no reply for {}").
        origin: of a user's own, where its function is: "features/cancelled.py"; "" of ours.

    Raises:
        BadInput: a field says what it may not.
    """

    name: str
    zh: str
    en: str
    unit: str
    group: Group
    kind: Kind = "number"
    each: str | None = None
    direction: int = 0
    clock: int = 0
    owner: bool = False
    topic: str = ""
    zh_fact: str = ""
    en_fact: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        """Check what may be wrong, and fill in the topic."""
        for field_, allowed in _ALLOWED.items():
            if (value := getattr(self, field_)) not in allowed:
                raise _wrong(self.name, field_, value, allowed)
        object.__setattr__(self, "topic", self.topic or self.name.partition(":")[0])

    def named(self, word: object) -> "Feature":
        """Return the feature for one word of its vocabulary."""
        zh, en = _NAMES.get(self.each or "", {}).get(str(word), (word, word))
        return replace(
            self,
            name=self.name.format(word),
            zh=self.zh.format(zh),
            en=_agreeing(self.en.format(en)),
            topic=self.topic.format(word),
            zh_fact=self.zh_fact.format(zh),
            en_fact=_agreeing(self.en_fact.format(en)),
            each=None,
        )


def _agreeing(english: str) -> str:
    """Put days in the singular where they are one: "activities done in 1 day"."""
    return re.sub(r"\b1 days\b", "1 day", english)


def _wrong(name: str, field_: str, value: object, allowed: tuple[object, ...]) -> BadInput:
    words = [str(one) for one in allowed if one is not None]
    return BadInput(
        f"the feature {name} says what it may not",
        field=field_,
        value=value,
        allowed=", ".join(word or '""' for word in words),
        remedy=did_you_mean(str(value), words) or "see docs/features.md",
    )


@dataclass(frozen=True, eq=False)
class Family:
    """Features that look at the deal from one side."""

    entries: list[tuple[Feature, Definition]] = field(default_factory=list)

    def feature(self, name: str, **entry: Any) -> Callable[[Definition], Definition]:
        """Enter the function below into the catalogue; see `Feature` for the fields."""

        def enter(definition: Definition) -> Definition:
            self.entries.append((Feature(name, **entry), definition))
            return definition

        return enter

    def of(self, origin: str) -> Self:
        """Return the family with where its functions are, named by each feature."""
        return type(self)([(replace(one, origin=origin), what) for one, what in self.entries])

    def ask(self, history: History) -> Iterator[tuple[Feature, nw.Expr]]:
        """Yield each feature with its expression, repeated over its vocabulary."""
        for feature, definition in self.entries:
            if feature.each is None:
                yield feature, definition(history)
                continue
            for word in history.context.vocabulary(feature.each):
                yield feature.named(word), definition(history, word)
