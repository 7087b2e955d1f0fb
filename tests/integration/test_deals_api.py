"""Scores by id: the same as of whole records, of a batch, and of the list."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from starlette.testclient import TestClient

from data.moments import DAY, iso, iso_date
from data.settings import Settings
from data.tables import write_parquet
from pipelines import ingest, score, week
from tests import company
from tests.pushing import NOW, put, serving, settled

QUIET = Console(quiet=True)
RECORDS = company.records(company.history())
OPEN = [record["deal"]["deal_id"] for record in RECORDS]
PATH = "/v1/pipelines/sales/deals/score"


def scored(folder: Path, company: Settings) -> Settings:
    settings = settled(Settings(workspace=folder), company)
    score.run("sales", NOW, settings, QUIET, settings.workspace / "scores.parquet")
    week.run("sales", NOW, settings, QUIET)
    return settings


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, company: Settings) -> Settings:
    return scored(tmp_path_factory.mktemp("live"), company)


@pytest.fixture(scope="module")
def client(workspace: Settings) -> Iterator[TestClient]:
    with serving(workspace) as client:
        yield client


def asked(client: TestClient, **request: Any) -> list[dict[str, Any]]:
    answer = client.post(PATH, json={"deal_ids": OPEN, **request})
    assert answer.status_code == 200, answer.text
    scores: list[dict[str, Any]] = answer.json()["scores"]
    return scores


def test_four_ways_to_ask_are_one_answer(tmp_path: Path, company: Settings) -> None:
    untouched = scored(tmp_path / "untouched", company)
    with serving(untouched) as client:
        _check_that_all_agree(client, untouched)


def _check_that_all_agree(client: TestClient, workspace: Settings) -> None:
    whole = client.post("/v1/score", json={"pipeline": "sales", "records": RECORDS}).json()
    standing, anew = asked(client), asked(client, as_of=iso(NOW))
    batch = pl.read_parquet(workspace.workspace / "scores.parquet").sort("deal_id")
    listed = client.get("/v1/lists/latest?pipeline=sales&limit=1000").json()["items"]
    items = {item["deal_id"]: item for item in listed}
    assert items
    assert batch["deal_id"].to_list() == OPEN
    ways = zip(whole["scores"], standing, anew, batch.to_dicts(), strict=True)
    for one, two, three, row in ways:
        assert two == three
        for other in (two, three):
            for chance, same in zip(one["chances"], other["chances"], strict=True):
                assert chance == pytest.approx(same, abs=1e-9)
            assert other["eventually"] == pytest.approx(one["eventually"], abs=1e-9)
            assert other["expected_close"] == one["expected_close"]
            assert other["expected_end"] == one["expected_end"]
            assert other["amount_at_close"] == pytest.approx(one["amount_at_close"], abs=0.01)
        assert one["eventually"]["p_won"] == pytest.approx(row["p_won"], abs=1e-9)
        for chance in one["chances"]:
            days = chance["days_ahead"]
            assert chance["p_won"] == pytest.approx(row[f"p_won_{days}"], abs=1e-9)
        told = (one["score"], one["grade"])
        assert told == (row["score"], row["grade"])
        item = items.pop(one["deal_id"], None)  # the others found no hours, or are held out
        if item is None:
            continue
        for chance in one["chances"]:
            listed_chance = item[f"p_won_{chance['days_ahead']}"]
            assert chance["p_won"] == pytest.approx(listed_chance, abs=1e-9)
        assert told == (item["score"], item["grade"])
        assert told == (item["now"]["score"], item["now"]["grade"])
        assert item["now"]["outcome"] == "open"
    assert not items


def test_any_day_is_read_off_the_standing_curve(client: TestClient) -> None:
    days, dates = [1, 40, 400], [iso_date(NOW + 3 * DAY), iso_date(NOW + 900 * DAY)]
    standing = asked(client, days_ahead=days, won_by=dates)
    for one, other in zip(
        standing, asked(client, days_ahead=days, won_by=dates, as_of=iso(NOW)), strict=True
    ):
        for place in ("chances", "won_by"):
            for chance, same in zip(one[place], other[place], strict=True):
                assert chance == pytest.approx(same, abs=1e-9)


def test_reasons_are_those_of_the_whole_record(client: TestClient) -> None:
    body = {"pipeline": "sales", "records": RECORDS[:3], "reasons": True}
    whole = client.post("/v1/score", json=body).json()["scores"]
    by_id = asked(client, deal_ids=OPEN[:3], reasons=True)
    assert [one["reasons"] for one in by_id] == [one["reasons"] for one in whole]


def test_one_deal_is_read_with_a_tag(client: TestClient) -> None:
    path = f"/v1/pipelines/sales/deals/{OPEN[3]}/score"
    first = client.get(path)
    assert first.json() == asked(client)[3]
    tag = {"If-None-Match": first.headers["ETag"]}
    same = client.get(path, headers=tag)
    assert (same.status_code, same.content) == (304, b"")
    for known in (f"W/{first.headers['ETag']}", f'"x", {first.headers["ETag"]}', "*"):
        assert client.get(path, headers={"If-None-Match": known}).status_code == 304
    put(client, "activities", [{"deal_id": OPEN[3], "kind": "call", "at": iso(NOW - DAY // 7)}])
    other = client.get(path, headers=tag)
    assert other.status_code == 200
    assert other.headers["ETag"] != first.headers["ETag"]
    missing = client.get("/v1/pipelines/sales/deals/nobody/score")
    assert missing.status_code == 404
    assert missing.json()["field"] == "deal_id"


def test_the_list_stays_and_says_how_its_deals_stand_now(client: TestClient) -> None:
    def listed() -> dict[str, dict[str, Any]]:
        items = client.get("/v1/lists/latest?pipeline=sales&limit=1000").json()["items"]
        return {item["deal_id"]: item for item in items}

    before = listed()
    deal, gone = [one for one in OPEN[5:] if one in before][:2]
    calls = [
        {"deal_id": deal, "kind": "call", "at": iso(NOW - n * DAY // 9), "activity_id": f"{n}"}
        for n in range(9)
    ]
    put(client, "activities", calls)
    lost = {"deal_id": gone, "created_at": iso(NOW - 90 * DAY), "outcome": "lost"}
    put(client, "deals", [lost | {"closed_at": iso(NOW - 1)}])
    after = listed()
    assert after[deal]["now"]["p_won"] != before[deal]["now"]["p_won"]
    assert after[gone]["now"]["outcome"] == "lost"
    assert after[gone]["now"]["score"] is None
    for item in (*before.values(), *after.values()):
        del item["now"]
    assert after == before


def test_a_batch_of_an_earlier_moment_leaves_what_stands(
    client: TestClient, workspace: Settings, tmp_path: Path
) -> None:
    before = asked(client)
    score.run("sales", NOW - DAY, workspace, QUIET, allow_later_bundle=True)
    assert asked(client) == before


def test_an_ingest_makes_scores_stand_no_more(client: TestClient, workspace: Settings) -> None:
    facts = company.history()
    late = facts["activities"].filter(pl.col("deal_id") == OPEN[8]).head(3)
    more = {"deals": facts["deals"].filter(pl.col("deal_id") == OPEN[8])}
    more["activities"] = late.with_columns(activity_id="late-" + pl.col("activity_id"))
    source = workspace.workspace / "more"
    write_parquet(more, source, company.PIPELINE)
    before = asked(client, deal_ids=[OPEN[8]])
    ingest.run(source, "canonical", company.NAME, workspace, QUIET)
    after = asked(client, deal_ids=[OPEN[8]])
    assert after[0]["eventually"] != before[0]["eventually"]
