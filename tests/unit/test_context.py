"""The pipeline's words, learned from its history."""

import polars as pl
import pytest

from data.contract import Attribute, Pipeline
from data.errors import BadInput
from data.moments import DAY
from data.records import normalise
from data.tables import Engine, Tables, lazy_tables
from features.context import Context
from features.learned import learned
from tests.histories import START

PIPELINE = Pipeline(name="laddered")
Path = tuple[str, tuple[tuple[str, int], ...]]


def tables(paths: list[Path], engine: Engine) -> Tables:
    """Make deals of an outcome and their stages with the days they were entered on.

    A deal closes when it enters its last stage.
    """
    deals = [
        {
            "deal_id": f"d{number}",
            "created_at": START,
            "outcome": outcome,
            "closed_at": None if outcome == "open" else START + stages[-1][1] * DAY,
        }
        for number, (outcome, stages) in enumerate(paths)
    ]
    changes = [
        {"deal_id": f"d{number}", "field": "stage", "at": START + day * DAY, "value": stage}
        for number, (_, stages) in enumerate(paths)
        for stage, day in stages
    ]
    raw = {"deals": pl.DataFrame(deals), "changes": pl.DataFrame(changes)}
    return lazy_tables(normalise(raw, PIPELINE).frames, PIPELINE, engine)


def test_a_ladder_found_from_the_data_ends_with_the_stages_at_which_deals_end(
    engine: Engine,
) -> None:
    """Most refusals come early, so that by age alone they would stand in the middle."""
    paths: list[Path] = [
        ("won", (("heard", 0), ("offered", 5), ("agreed", 20), ("signed", 30))),
        ("won", (("heard", 0), ("offered", 7), ("signed", 26))),
        ("lost", (("heard", 0), ("refused", 1))),
        ("lost", (("heard", 0), ("offered", 4), ("refused", 6))),
        ("lost", (("heard", 0), ("offered", 4), ("withdrawn", 9))),
        ("open", (("heard", 0), ("offered", 3), ("agreed", 12))),
    ]
    learned = Context.learn(tables(paths, engine), PIPELINE, cadence_days=1)
    assert learned.stages == ("heard", "offered", "agreed", "signed", "refused", "withdrawn")


def test_a_stage_in_which_a_few_deals_end_is_a_rung(engine: Engine) -> None:
    paths: list[Path] = [
        ("lost", (("heard", 0), ("offered", 5))),
        ("won", (("heard", 0), ("offered", 5), ("signed", 9))),
        ("won", (("heard", 0), ("offered", 5), ("signed", 9))),
        ("open", (("heard", 0), ("paused", 2))),
    ]
    learned = Context.learn(tables(paths, engine), PIPELINE, cadence_days=1)
    assert learned.stages == ("heard", "paused", "offered", "signed")


def test_a_ladder_that_is_declared_stands(engine: Engine) -> None:
    declared = PIPELINE.model_copy(update={"stages": ("b", "a")})
    paths: list[Path] = [("won", (("a", 0), ("b", 5)))]
    assert Context.learn(tables(paths, engine), declared, cadence_days=1).stages == ("b", "a")


@pytest.mark.parametrize(
    "name", ["everyone", "known_at", "last_touch", "team_won", "working_days", "team", "run_0"]
)
def test_an_attribute_that_would_be_lost_among_what_is_told_of_deals_is_refused(name: str) -> None:
    lost = Pipeline(name="clashing", attributes={name: Attribute(type="number", policy="fixed")})
    with pytest.raises(BadInput, match="called as what is told") as refused:
        learned(lazy_tables({}, lost), lost, 7, START)
    assert refused.value.value == name
    kept = Pipeline(name="clashing", attributes={name: Attribute(type="number", policy="final")})
    learned(lazy_tables({}, kept), kept, 7, START)
