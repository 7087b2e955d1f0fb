"""What stands of others: a deal is counted from when it is known itself."""

import polars as pl

from data.contract import TABLES
from data.moments import DAY
from data.tables import Engine, lazy_tables
from features.compute import compute
from features.laws import breaches
from tests.histories import CONTEXT, PIPELINE, START


def test_a_closing_that_was_entered_before_its_deal_counts_from_when_the_deal_is_known(
    engine: Engine,
) -> None:
    def deal(number: int, recorded: int, closed: int | None) -> dict[str, object]:
        at = None if closed is None else START + closed * DAY
        return {
            "deal_id": f"d{number}",
            "created_at": START,
            "recorded_at": START + recorded * DAY,
            "closed_at": at,
            "closed_recorded_at": at,
            "outcome": "open" if closed is None else "won",
            "account_id": "k",
        }

    schema = TABLES["deals"].schema
    rows = [dict.fromkeys(schema) | one for one in (deal(0, 0, None), deal(1, 9, 5))]
    frames = {"deals": pl.DataFrame(rows, schema)}
    asked = pl.DataFrame({"deal_id": "d0", "as_of": [START + day * DAY for day in (4, 7, 9)]})
    tables = lazy_tables(frames, PIPELINE, engine)
    found = compute(tables, tables.put(asked), CONTEXT)
    assert found["account_closings"].to_list() == found["account_won"].to_list() == [0, 0, 1]
    assert found["account_open"].to_list() == [1, 1, 1]
    moments = asked["as_of"].to_list()
    assert breaches(frames, PIPELINE, CONTEXT, moments[1:2], engine) == []
