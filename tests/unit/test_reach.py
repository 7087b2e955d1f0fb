"""Rights by row: the three ways to apply them agree, and what is unknown is out of reach."""

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from serving.access.reach import EVERYTHING, NOTHING, Reach
from serving.access.viewer import Role, Viewer

NAMES = st.none() | st.sampled_from(["a", "b", "甲", ""])
REACHES = st.builds(Reach, st.sampled_from(["owner_id", "team", "all", "none"]), NAMES)
TABLE = sa.table("deals", sa.column("n"), sa.column("owner_id"), sa.column("team"))


@given(rows=st.lists(st.tuples(NAMES, NAMES), max_size=8), reach=REACHES)
def test_a_row_is_within_reach_of_all_three_or_of_none(
    rows: list[tuple[str | None, str | None]], reach: Reach
) -> None:
    expected = [n for n, row in enumerate(rows) if reach.covers(*row)]
    schema = {"owner_id": pl.String, "team": pl.String}
    frame = pl.DataFrame(rows, schema, orient="row").with_row_index("n")
    assert reach.filter(frame)["n"].to_list() == expected
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE deals (n, owner_id, team)"))
        for n, (owner_id, team) in enumerate(rows):
            connection.execute(sa.insert(TABLE).values(n=n, owner_id=owner_id, team=team))
        query = reach.select(sa.select(TABLE.c.n), TABLE.c.owner_id, TABLE.c.team)
        assert sorted(connection.scalars(query)) == expected
    engine.dispose()


def viewer(role: Role, owner_id: str | None = "o1", team: str | None = "T") -> Viewer:
    return Viewer("u", "Name", role, owner_id, team, None, "zh", "Asia/Shanghai", None)


@pytest.mark.parametrize(
    ("who", "reach"),
    [
        (viewer("seller"), Reach("owner_id", "o1")),
        (viewer("manager"), Reach("team", "T")),
        (viewer("operations"), EVERYTHING),
        (viewer("admin"), EVERYTHING),
        (viewer("seller", owner_id=None), NOTHING),
        (viewer("manager", team=None), NOTHING),
    ],
)
def test_the_role_says_how_far_a_viewer_reaches(who: Viewer, reach: Reach) -> None:
    assert who.reach == reach
