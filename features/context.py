"""What one deal's record cannot say: the pipeline's words, learned once, kept with the bundle."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Self

import narwhals as nw
import polars as pl

from data.contract import BUYER_ROLES, TABLES, Calendar, Pipeline
from data.tables import Tables, collect
from features.terms import Term, terms

if TYPE_CHECKING:
    from features.catalogue import Family

MOST_KINDS: Final = 12

VOCABULARIES: Final = (
    "stages",
    "kinds",
    "windows",
    "recent",
    "lately",
    "roles",
    "rivals",
    "texts",
    "numbers",
    "tracked_texts",
    "tracked_numbers",
    "fixed_terms",
    "tracked_terms",
)
"""The words that a feature may be repeated for: attributes of `Context`."""

TALLIES: Final = pl.Schema(
    {
        "of": pl.String(),
        "key": pl.String(),
        "won": pl.Int64(),
        "closed": pl.Int64(),
        "open": pl.Int64(),
        "done": pl.Int64(),
        "won_at": pl.Int64(),
    }
)
"""What is kept of others: see `features.tallies`."""

_SCHEMAS: Final = {"tallies": TALLIES, "owners": TABLES["owners"].schema}
"""The frames that are kept with a bundle."""


@dataclass(frozen=True)
class Context:
    """The vocabularies over which features are repeated.

    Attributes:
        stages: the ladder, first stage first; where it is found from the data, the stages at
            which deals end stand last.
        kinds: activity kinds, the most frequent first.
        windows: days back for "in the last … days"; none where records are not dated.
        texts: names of fixed attributes that are words.
        numbers: names of fixed attributes that are numbers.
        tracked_texts: names of tracked attributes that are words.
        tracked_numbers: names of tracked attributes that are numbers.
        fixed_terms: what the texts of fixed prose mention, see `features.terms`.
        tracked_terms: the same of tracked prose.
        roles: the parts people play in buying.
        calendar: which days are worked.
        strengths: whose track records vary how much, see `features.track.strengths`.
        gaps: days that usually pass between two activities, by stage, and of all stages under "";
            see `features.gaps`.
        tallies: what stood of others when a bundle was trained, see `TALLIES`. None in training,
            where they are counted as of each snapshot.
        owners: who the owners are, as known then: columns of the contract's `owners`.
        custom: the user's own features. They are code, so they are never written with the rest.
    """

    stages: tuple[str, ...]
    kinds: tuple[str, ...]
    windows: tuple[int, ...]
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    tracked_texts: tuple[str, ...] = ()
    tracked_numbers: tuple[str, ...] = ()
    fixed_terms: tuple[Term, ...] = ()
    tracked_terms: tuple[Term, ...] = ()
    roles: tuple[str, ...] = BUYER_ROLES
    calendar: Calendar = "weekdays"
    strengths: tuple[tuple[str, float], ...] = ()
    gaps: tuple[tuple[str, float], ...] = ()
    tallies: pl.DataFrame | None = field(default=None, compare=False)
    owners: pl.DataFrame | None = field(default=None, compare=False)
    custom: tuple["Family", ...] = ()

    @property
    def recent(self) -> tuple[int, ...]:
        """The windows that have a longer one to be set against, the shortest first."""
        return self.windows[:-1]

    @property
    def lately(self) -> tuple[int, ...]:
        """The window within which an owner's activities count as load; none without windows."""
        return self.recent[-1:]

    @property
    def rivals(self) -> tuple[str, ...]:
        """The attribute `competitor`, where the mapping declares it as words."""
        words = (*self.texts, *self.tracked_texts)
        return tuple(name for name in words if name == "competitor")

    def vocabulary(self, name: str) -> tuple[object, ...]:
        """Return the words of one vocabulary, such as "stages"."""
        words: tuple[object, ...] = getattr(self, name)
        return words

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        del values["custom"]
        return {
            name: value.to_dict(as_series=False) if isinstance(value, pl.DataFrame) else value
            for name, value in values.items()
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], custom: tuple["Family", ...] = ()) -> Self:
        """Read what `to_dict` wrote, and put the user's own features to it."""
        values: dict[str, Any] = {"custom": custom}
        for name, value in document.items():
            if name in _SCHEMAS:
                frame = None if value is None else pl.DataFrame(value, schema=_SCHEMAS[name])
                values[name] = frame
            elif isinstance(value, str):
                values[name] = value
            else:
                values[name] = tuple(tuple(v) if isinstance(v, list) else v for v in value)
        return cls(**values)

    @classmethod
    def learn(
        cls,
        tables: Tables,
        pipeline: Pipeline,
        cadence_days: int,
        custom: tuple["Family", ...] = (),
    ) -> Self:
        """Learn the vocabularies from tables cut at the moment of training."""

        def names(type_: str, policy: str) -> tuple[str, ...]:
            return tuple(
                name
                for name, attribute in pipeline.attributes.items()
                if (attribute.type, attribute.policy) == (type_, policy)
            )

        return cls(
            stages=pipeline.stages or _stages_by_appearance(tables),
            kinds=_frequent_kinds(tables),
            windows=tuple(k * cadence_days for k in (1, 4, 13)) if pipeline.dated else (),
            texts=names("text", "fixed"),
            numbers=names("number", "fixed"),
            tracked_texts=names("text", "tracked"),
            tracked_numbers=names("number", "tracked"),
            fixed_terms=terms(tables, pipeline, "fixed"),
            tracked_terms=terms(tables, pipeline, "tracked"),
            calendar=pipeline.calendar,
            custom=custom,
        )


def _stages_by_appearance(tables: Tables) -> tuple[str, ...]:
    """Order stages by how late in a deal's life they are first entered, on average.

    Those at which deals end are no rungs, however early they come (a refusal comes before an
    offer is answered): they stand behind, where won deals end before where lost ones do.
    """
    entries = tables.changes.filter(nw.col("field") == "stage", ~nw.col("value").is_null())
    first = entries.group_by("deal_id", "value").agg(nw.col("at").min())
    lives = tables.deals.select("deal_id", "created_at", "closed_at", "outcome")
    ends = nw.col("at") >= nw.col("closed_at")
    told = first.join(lives, on="deal_id").with_columns(
        age=nw.col("at") - nw.col("created_at"),
        closed=_one_if(~nw.col("closed_at").is_null()),
        ended=_one_if(ends),
        lost=_one_if(ends & (nw.col("outcome") == "lost")),
    )
    of = told.group_by("value").agg(nw.mean("age"), nw.sum("closed", "ended", "lost"))
    exits = pl.col("ended") * 2 > pl.col("closed")  # of the deals still open, nobody knows yet
    side = pl.when(~exits).then(0).when(pl.col("lost") * 2 <= pl.col("ended")).then(1).otherwise(2)
    return tuple(collect(of).sort(side, "age", "value")["value"])


def _one_if(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(1).otherwise(0)


def _frequent_kinds(tables: Tables) -> tuple[str, ...]:
    counts = collect(tables.activities.group_by("kind").agg(n=nw.len()))
    return tuple(counts.sort("n", "kind", descending=[True, False])["kind"][:MOST_KINDS])
