"""The jobs that score and publish, and the lists as they are read back."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from rich.cells import cell_len
from rich.console import Console
from starlette.testclient import TestClient

from data.database import open_database
from data.errors import BadInput, NotFound
from data.moments import DAY, iso, monday
from data.settings import Settings
from data.tables import open_tables
from pipelines import score, week
from serving import lists, told
from serving.access.reach import EVERYTHING
from serving.api.app import create_app
from serving.champions import Champions
from serving.insights import export
from serving.insights.priorities import GROUPS
from serving.insights.standing import standing
from serving.security import create_key
from serving.web.listed import frame_of
from tests import company

QUIET = Console(quiet=True)
HEAD = {"pipeline": "p", "week": "2026-03-02", "as_of": 1, "bundle": "b", "created_at": 2}


def item(position: int, **more: Any) -> dict[str, Any]:
    return {"position": position, "deal_id": f"d{position}", **more}


def test_a_list_is_read_back_page_by_page(database: sa.Engine) -> None:
    items = [item(n, title="客户 ☎") for n in range(1, 6)]
    lists.publish(database, HEAD, items)
    assert lists.read(database, "p", "2026-03-02", EVERYTHING).items == items
    page = lists.read(database, "p", "latest", EVERYTHING, after=2, limit=2)
    assert (page.size, page.items) == (5, items[2:4])
    assert (page.as_of, page.bundle, page.created_at) == (1, "b", 2)


def test_publishing_again_replaces_the_week_and_no_other(database: sa.Engine) -> None:
    later = HEAD | {"week": "2026-03-09"}
    lists.publish(database, HEAD, [item(1), item(2)])
    lists.publish(database, later, [item(1)])
    lists.publish(database, HEAD | {"bundle": "c"}, [item(1, title="again")])
    assert lists.read(database, "p", "2026-03-02", EVERYTHING).items == [item(1, title="again")]
    assert lists.read(database, "p", "2026-03-02", EVERYTHING).bundle == "c"
    assert lists.read(database, "p", "latest", EVERYTHING).week == "2026-03-09"


def test_a_list_that_cannot_be_stored_leaves_the_one_before(database: sa.Engine) -> None:
    lists.publish(database, HEAD, [item(1)])
    with pytest.raises(sa.exc.IntegrityError):
        lists.publish(database, HEAD, [item(2), item(2)])
    assert lists.read(database, "p", "latest", EVERYTHING).items == [item(1)]


@pytest.mark.parametrize("wrong", ["2026-03-03", "20260302", "last", "", "2026-W10"])
def test_only_mondays_name_a_week(database: sa.Engine, wrong: str) -> None:
    with pytest.raises(BadInput, match="not a week"):
        lists.read(database, "p", wrong, EVERYTHING)


def test_a_week_without_a_list_is_not_found(database: sa.Engine) -> None:
    lists.publish(database, HEAD, [])
    assert lists.read(database, "p", "latest", EVERYTHING).items == []
    for pipeline, name in (("p", "2026-03-09"), ("other", "latest")):
        with pytest.raises(NotFound):
            lists.read(database, pipeline, name, EVERYTHING)


def test_the_weeks_list_is_published_written_and_the_same_again(
    company: Settings, tmp_path: Path
) -> None:
    first = week.run("sales", NOW, company, QUIET, tmp_path)
    contents = {path: path.read_bytes() for path in first.files}
    second = week.run("sales", NOW, company, QUIET, tmp_path)
    assert second.listed.equals(first.listed)
    assert second.forecast == first.forecast
    assert {path: path.read_bytes() for path in second.files} == contents
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"sales-{monday(NOW)}.csv", f"sales-{monday(NOW)}.xlsx"]
    (table,) = (text for path, text in contents.items() if path.suffix == ".csv")
    rows = list(csv.DictReader(StringIO(table.decode("utf-8-sig"))))
    assert [row["Deal"] for row in rows] == first.listed["deal_id"].to_list()
    assert all(row["Title"].startswith("'=Deal") for row in rows)
    assert all(row["Speaks for it"] or row["Speaks against it"] for row in rows)


def test_each_open_deal_is_listed_or_says_why_the_most_at_stake_first(
    company: Settings, tmp_path: Path
) -> None:
    made = week.run("sales", NOW, company, QUIET, tmp_path).made
    listed, others = made.listed, made.others
    both = listed["deal_id"].to_list() + others["deal_id"].to_list()
    assert sorted(both) == sorted(r["deal"]["deal_id"] for r in RECORDS)
    assert listed["position"].to_list() == list(range(1, len(listed) + 1))
    groups = list(listed.group_by("group", maintain_order=True))
    assert [name for (name,), _ in groups] == [one for one in GROUPS if one in set(listed["group"])]
    for _, deals in groups:
        assert deals["value_at_stake"].is_sorted(descending=True)
    assert others["en"].null_count() == 0
    engine = open_database(company)
    assert len(lists.others(engine, "sales", "latest", [EVERYTHING])) == len(others)
    once = lists.read(engine, "sales", "latest", EVERYTHING).told
    engine.dispose()
    assert {one["owner_id"] for one in once["capacity"]} == set(listed["owner_id"])
    assert once["assumption"]["zh"].startswith("假设")
    assert listed["close_median"].min() >= NOW


def test_what_is_printed_fits_a_terminal(company: Settings, tmp_path: Path) -> None:
    published = week.run("sales", NOW, company, QUIET, tmp_path)
    console = Console(width=80, record=True, file=StringIO())
    week.show(published, console, rows=3)
    text = console.export_text()
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= 80
    for deal in published.listed.head(3).iter_rows(named=True):
        told = f"{deal['grade']} {deal['score']}"
        place = (deal["position"], deal["title"], deal["stage"])
        shown = (*place, told, f"{deal['p_won_period']:.0%}")
        line = r"\s+.*".join(re.escape(str(cell)) for cell in shown)
        assert re.search(rf"^\s*{line}\s", text, flags=re.MULTILINE)
    assert re.search(r"bookings: [\d,]+ to [\d,]+ \(80 %\)", text)


def test_a_week_without_open_deals_says_so_and_what_to_do(
    company: Settings, tmp_path: Path
) -> None:
    published = week.run("sales", 0, company, QUIET, tmp_path, allow_later_bundle=True)
    assert published.listed.is_empty()
    assert len(published.files) == 2
    console = Console(width=200, record=True, file=StringIO())
    week.show(published, console)
    assert "No deal is open as of 1970-01-01, so the list is empty. Ingest" in console.export_text()


def test_what_is_printed_is_in_the_language_asked_for(company: Settings, tmp_path: Path) -> None:
    published = week.run("sales", NOW, company, QUIET, tmp_path)
    console = Console(width=120, record=True, file=StringIO())
    week.show(published, console, "zh", rows=3)
    text = console.export_text()
    assert "sales：本周优先，截至2026-03-02" in text
    assert "本季度成交额" in text
    first = published.listed["reasons"][0][0]
    assert first["zh"] in text
    assert not re.search(r"P\(won\)|Stage|Amount|bookings", text)


NOW = company.END
RECORDS = company.records(company.history())


@pytest.fixture
def tables(company: Settings) -> Iterator[Any]:
    engine = open_database(company)
    yield open_tables(engine, "sales")
    engine.dispose()


def test_how_deals_stand_is_what_their_history_says(tables: Any) -> None:
    past = NOW - 40 * DAY
    stood = {row["deal_id"]: row for row in standing(tables, past).iter_rows(named=True)}
    told = company.records(company.history(), past)
    assert sorted(stood) == sorted(record["deal"]["deal_id"] for record in told)
    for record in told:
        row, deal = stood[record["deal"]["deal_id"]], record["deal"]
        so_far = [c for c in record["changes"] if c["at"] <= iso(past)]
        held = {change["field"]: change["value"] for change in so_far}
        calls = [a["at"] for a in record["activities"] if a["at"] <= iso(past)]
        assert (row["stage"], row["owner_id"]) == (held["stage"], held["owner_id"])
        assert row["amount"] == float(held["amount"])
        assert row["account"] == record["account"]["name"]
        assert row["owner"] == f"Seller {held['owner_id'][1:]}"
        assert row["title"] == deal["title"]
        assert row["last_touch_at"] is None or iso(row["last_touch_at"]) == max(calls)


def test_the_trend_is_what_a_week_ago_would_have_scored(company: Settings, tables: Any) -> None:
    """The same bundle is asked twice, the second time as of then, with what was known then."""
    scorer = Champions(company.bundles).scorer("sales")
    now = scorer.score(tables, NOW, trend_days=7).graded()
    then = scorer.score(tables, NOW - 7 * DAY, allow_later_bundle=True).graded()
    asked = now.join(then, on="deal_id", how="left", suffix="_then")
    assert asked["trend"].to_list() == (asked["score"] - asked["score_then"]).to_list()
    assert asked["trend"].null_count() == sum(
        record["deal"]["created_at"] > iso(NOW - 7 * DAY) for record in RECORDS
    )
    assert asked["trend"].drop_nulls().abs().max() > 0
    alone = scorer.score(tables, NOW)
    assert alone.graded()["trend"].is_null().all()
    assert alone.graded().drop("trend").equals(now.drop("trend"))


def test_scores_are_written_a_row_a_deal_and_a_row_a_day(company: Settings, tmp_path: Path) -> None:
    out, curves = tmp_path / "scores.parquet", tmp_path / "deep" / "curves.csv"
    scores = score.run("sales", NOW, company, QUIET, out, curves)
    table, long = pl.read_parquet(out), pl.read_csv(curves)
    assert table["deal_id"].to_list() == sorted(r["deal"]["deal_id"] for r in RECORDS)
    assert table.schema["as_of"] == pl.Datetime("us", "UTC")
    assert long.columns == ["deal_id", "as_of", "days_ahead", "p_won", "p_lost"]
    assert set(long["as_of"]) == {"2026-03-02T00:00:00Z"}
    assert set(long["days_ahead"]) >= {7, 28, 56, *scores.curves.edges[1:].astype(int).tolist()}
    assert (long["p_won"] + long["p_lost"]).max() <= 1 + 1e-12
    rises = long.sort("deal_id", "days_ahead").select(
        pl.col("p_won", "p_lost").diff().over("deal_id").drop_nulls().min()
    )
    assert min(rises.row(0)) >= 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "scores.parquet"]


def test_scores_of_a_past_that_the_bundle_knows_the_sequel_of_are_refused(
    company: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "scores.csv"
    with pytest.raises(BadInput, match="learned from what came later"):
        score.run("sales", NOW - 30 * DAY, company, QUIET, out)
    assert not out.exists()
    score.run("sales", NOW - 30 * DAY, company, QUIET, out, allow_later_bundle=True)
    assert pl.read_csv(out).height == len(company_at(NOW - 30 * DAY))


def company_at(moment: int) -> list[dict[str, Any]]:
    return company.records(company.history(), moment)


def test_before_the_first_deal_there_is_nothing_to_score(company: Settings, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    scores = score.run("sales", 0, company, QUIET, out, allow_later_bundle=True)
    assert len(scores.rows) == 0
    assert pl.read_parquet(out).height == 0


def test_scores_go_to_files_of_a_known_kind(company: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.parquet or \.csv"):
        score.run("sales", NOW, company, QUIET, tmp_path / "scores.xlsx")


def test_what_is_read_back_is_exported_as_what_was_published(
    company: Settings, tmp_path: Path
) -> None:
    listed = week.run("sales", NOW, company, QUIET, tmp_path).listed
    items = lists.items(listed)
    read = frame_of(items)
    assert export.csv(read, "en") == export.csv(told.columns(listed), "en")
    nothing = export.csv(frame_of([], list(items[0])), "en")
    assert nothing.splitlines() == export.csv(read, "en").splitlines()[:1]


def test_a_list_is_read_over_http(company: Settings, tmp_path: Path) -> None:
    listed = week.run("sales", NOW, company, QUIET, tmp_path).listed
    engine = open_database(company)
    key = create_key(engine, "reader", ["read"], NOW)
    engine.dispose()
    with TestClient(create_app(company, clock=lambda: NOW)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        answer = client.get("/v1/lists/latest?pipeline=sales&after=1&limit=2").json()
        assert client.get("/v1/lists/2026-03-02?pipeline=sales").json()["size"] == len(listed)
        wrong = client.get("/v1/lists/2026-03-03?pipeline=sales")
        nothing = client.get("/v1/lists/2026-03-09?pipeline=sales")
        unasked = client.get("/v1/lists/latest")
        hostile = client.get("/v1/lists/latest", params={"pipeline": "a\x00b"})
    assert (answer["week"], answer["as_of"]) == ("2026-03-02", "2026-03-02T00:00:00Z")
    assert [one["deal_id"] for one in answer["items"]] == listed["deal_id"].to_list()[1:3]
    assert answer["items"][0]["period_end"] == "2026-04-01T00:00:00Z"
    assert answer["items"][0]["reasons"][0]["zh"]
    statuses = [reply.status_code for reply in (wrong, nothing, unasked, hostile)]
    assert statuses == [422, 404, 422, 422]
