"""What a training learns of a pipeline before it computes features: the whole of a context."""

import re
from dataclasses import replace
from typing import Final

import polars as pl

from data.contract import Pipeline
from data.errors import BadInput
from data.tables import Tables
from features.beside import LAST_TOUCH
from features.catalogue import Family
from features.context import Context
from features.gaps import usual_gaps
from features.tallies import KEYS, counted, counts
from features.track import strengths

_TOLD: Final = frozenset(
    (
        *("known_at", LAST_TOUCH, "working_days", KEYS["all"], "team", "hired_at"),
        *(f"{of}_{name}" for of in KEYS for name in counts(of)),
    )
)
"""Columns that stand beside a deal's own; a fixed attribute of that name would be lost."""
_ASKED: Final = re.compile(r"(run|facts)_\d+(_in_\d+)?")
"""What a history calls what it is asked."""


def learned(
    known: Tables,
    pipeline: Pipeline,
    cadence_days: int,
    moment: int,
    custom: tuple[Family, ...] = (),
) -> tuple[Context, pl.DataFrame]:
    """Learn vocabularies, what is usual, and how far a few closings are believed.

    Args:
        known: tables cut at the moment of training.
        pipeline: its settings.
        cadence_days: days between two looks.
        moment: where the data end, in microseconds of UTC.
        custom: the user's own features.

    Returns:
        The context to train with, and the tallies as they stood at the moment, which a bundle
        keeps. Without dates nobody knows which closings came before a record, so none is counted.

    Raises:
        BadInput: an attribute is called as what is told of every deal.
    """
    fixed = [name for name, one in pipeline.attributes.items() if one.policy == "fixed"]
    if lost := [name for name in fixed if name in _TOLD or _ASKED.fullmatch(name)]:
        raise BadInput(
            "an attribute that is called as what is told of every deal",
            field="attributes",
            value=", ".join(sorted(lost)),
            allowed="other names than run_0 and such, " + ", ".join(sorted(_TOLD)),
            remedy="give it another name in the mapping, and ingest again",
        )
    context = Context.learn(known, pipeline, cadence_days, custom)
    tallies = counted(known, context, moment)
    if not pipeline.dated:
        tallies = tallies.clear()
        context = replace(context, tallies=tallies)
    return replace(context, strengths=strengths(tallies), gaps=usual_gaps(known)), tallies
