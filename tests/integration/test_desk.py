"""The desk: built from what is known at a moment, kept whole, read within rights, and told."""

import gc
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any
from weakref import ref

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rich.cells import cell_len
from rich.console import Console
from starlette.testclient import TestClient
from typer.testing import CliRunner

from data.contract import Pipeline
from data.database import open_database
from data.errors import BadInput, NotFound
from data.moments import DAY, iso, iso_date, parse_moment
from data.practice import Practice
from data.settings import Settings
from data.tables import Tables
from pipelines import desk as job
from pipelines.cli import app
from pipelines.desk_tables import show_attainment, show_forecast, show_funnel
from pipelines.lookback import Lookback, kept, look_back
from serving.access.reach import EVERYTHING, NOTHING, Reach
from serving.api.app import create_app
from serving.desk import answers, warm
from serving.desk.build import LOOKBACK, Desk, build
from serving.desk.desks import Desks
from serving.desk.flow import flow
from serving.desk.outlook import outlook
from serving.desk.reached import extremes, reached
from serving.desk.store import current, read, write
from serving.desk.view import View
from serving.desk.warm import Warmer, prepare
from serving.insights.period import period_of
from serving.insights.scope import Scope
from serving.scorer import Scorer
from serving.security import create_key
from tests import company
from training.fit import Fitted

NOW = company.END
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def scorer(fitted: Fitted) -> Scorer:
    return Scorer(company.bundled(fitted))


def desk_of(
    tables: Tables, scorer: Scorer, as_of: int = NOW, pipeline: Pipeline = company.PIPELINE
) -> Desk:
    scores = scorer.score(tables, as_of, allow_later_bundle=True)
    targets = pl.DataFrame(
        [("owner", f"o{n}", "quarter", period_of("quarter", as_of).starts_at) for n in range(4)],
        schema=["scope", "scope_id", "period", "starts_at"],
        orient="row",
    ).with_columns(metric=pl.lit("won_amount"), value=pl.lit(50_000.0))
    return build(tables, scorer.bundle, scores, pipeline, targets)


@pytest.fixture(scope="module")
def now(history: Tables, scorer: Scorer) -> Desk:
    return desk_of(history, scorer)


def test_a_desk_knows_nothing_of_what_came_later(history: Tables, scorer: Scorer) -> None:
    past = NOW - 40 * DAY
    whole, cut = (desk_of(one, scorer, past) for one in (history, history.known_by(past)))
    for name in ("deals", "spells", "work", "followed", "then"):
        assert_frame_equal(getattr(whole, name), getattr(cut, name), check_row_order=False)
    assert whole.deals["created_at"].max() <= past  # type: ignore[operator]
    assert whole.deals["closed_at"].max() <= past  # type: ignore[operator]


def test_spells_follow_one_another_from_the_first_stage_to_the_closing(now: Desk) -> None:
    for (deal_id,), stays in now.spells.group_by("deal_id"):
        (deal,) = now.deals.filter(deal_id=deal_id).to_dicts()
        entered, left = stays["entered_at"].to_list(), stays["left_at"].to_list()
        assert left[:-1] == entered[1:]
        assert left[-1] == deal["closed_at"]
        assert stays["next"].to_list()[:-1] == stays["stage"].to_list()[1:]
        assert stays["next"].to_list()[-1] == (
            None if deal["outcome"] == "open" else deal["outcome"]
        )


def test_a_stage_is_reached_no_later_than_the_next(now: Desk) -> None:
    stages = len(now.about.stages)
    for place in range(stages):
        both = now.deals.drop_nulls([f"reached_{place + 1}"])
        assert (both[f"reached_{place}"] <= both[f"reached_{place + 1}"]).all()
    won = now.deals.filter(pl.col("outcome") == "won")
    assert (won[f"reached_{stages}"] == won["closed_at"]).all()


def test_the_funnels_chances_multiply_to_the_share_that_is_won(now: Desk) -> None:
    """Nobody waits in a cohort that is a quarter old; then so far is what is to be expected."""
    old = replace(now, deals=now.deals.filter(pl.col("created_at") < NOW - 120 * DAY))
    found = flow(View(old)).funnel
    share = (old.deals["outcome"] == "won").mean()
    assert found.win_rate == pytest.approx(share)


def test_the_forecast_is_the_open_deals_curves_the_won_and_those_to_come(now: Desk) -> None:
    view = View(now)
    told = outlook(view)
    end = told.period.ends_at
    of_open = view.open_deals.select((pl.col(f"won_by_{end}") * pl.col("value_at_close")).sum())
    assert told.forecast.from_open == pytest.approx(of_open.item())
    assert told.forecast.won == pytest.approx(view.won(told.period))
    parts = told.forecast.won + told.forecast.from_open + told.forecast.from_new
    assert told.forecast.expected == pytest.approx(parts)
    assert told.fan["by"].to_list()[-1] == end
    assert told.fan["low"].is_sorted()
    assert told.booked["won"].to_list()[-1] == pytest.approx(told.forecast.won)
    assert told.target is not None
    assert told.target.value == 200_000


def test_sellers_forecasts_sum_to_the_whole(now: Desk) -> None:
    views = [View(now, asked=Scope(owner_id=(f"o{n}",))) for n in range(4)]
    whole = outlook(View(now)).forecast
    for part in ("won", "from_open"):
        summed = sum(getattr(outlook(view).forecast, part) for view in views)
        assert summed == pytest.approx(getattr(whole, part))


def test_a_reach_goes_before_every_wish(now: Desk) -> None:
    mine = View(now, Reach("owner_id", "o1"))
    assert set(mine.deals["owner_id"]) == {"o1"}
    assert set(mine.spells["owner_id"]) == {"o1"}
    assert outlook(mine).forecast == outlook(View(now, asked=Scope(owner_id=("o1",)))).forecast
    groups = reached(mine, by="owner_id").groups
    assert groups is not None
    assert groups["group"].to_list() == ["o1"]
    with pytest.raises(BadInput, match="no deal has this owner_id"):
        _ = View(now, Reach("owner_id", "o1"), Scope(owner_id=("o2",))).deals
    nothing = View(now, NOTHING)
    assert outlook(nothing).forecast.expected == 0
    assert flow(nothing).funnel.open_deals == 0
    assert reached(nothing).whole["actual"].item() == 0


def test_amounts_are_told_in_the_currency_asked_for(history: Tables, scorer: Scorer) -> None:
    rates = ({"currency": "USD", "since": "2020-01-01", "rate": 8.0},)
    pipeline = company.PIPELINE.model_copy(
        update={"practice": Practice.model_validate({"rates": rates})}
    )
    desk = desk_of(history, scorer, pipeline=pipeline)
    yuan, dollars = (outlook(View(desk, currency=one)) for one in (None, "USD"))
    assert dollars.forecast.expected == pytest.approx(yuan.forecast.expected / 8)
    assert dollars.forecast.high == pytest.approx(yuan.forecast.high / 8)
    assert dollars.target is not None
    assert dollars.target.value == 25_000
    with pytest.raises(BadInput, match="no exchange rate"):
        outlook(View(desk, currency="EUR"))


def test_best_and_worst_accounts_are_those_of_the_period(now: Desk) -> None:
    best, worst = extremes(View(now), period_of("quarter", NOW))["account"]
    assert best["total"].is_sorted(descending=True)
    assert not set(best["group"]) & set(worst["group"])


def test_a_desk_is_kept_whole_and_read_back(now: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "desk" / "sales"
    name = write(now, folder)
    desks = Desks(folder.parent)
    back = desks.desk("sales")
    assert back.about == now.about
    assert_frame_equal(back.deals, now.deals)
    assert desks.desk("sales") is back
    assert current(folder).name == name
    assert sorted(path.name for path in folder.iterdir()) == sorted(["current", name])
    with pytest.raises(NotFound, match="no desk yet"):
        desks.desk("leads")


def test_a_new_desk_is_prepared_before_the_old_one_is_dropped(
    history: Tables, scorer: Scorer, now: Desk, tmp_path: Path
) -> None:
    folder, mine = tmp_path / "sales", Reach("owner_id", "o1")
    write(desk_of(history, scorer, NOW - 14 * DAY), folder)
    desks = Desks(tmp_path, follows=False)
    assert desks.pipelines() == ["sales"]
    old = desks.view("sales", mine, Scope())
    write(now, folder)
    assert desks.view("sales", mine, Scope()) is old  # stale, and its moment says so
    assert old.as_of == NOW - 14 * DAY
    seen: list[View] = []

    def watch(view: View) -> None:
        assert desks.desk("sales").about.as_of == NOW - 14 * DAY
        prepare(view)
        seen.append(view)

    assert desks.renew("sales", watch)
    assert {view.reach for view in seen} == {mine, EVERYTHING}
    fresh = desks.view("sales", mine, Scope())
    assert fresh in seen
    assert fresh.as_of == NOW
    assert not desks.renew("sales", watch)
    desks.follows = True
    assert desks.desk("sales") is fresh.desk


def test_no_view_keeps_an_old_desk_in_memory(now: Desk, tmp_path: Path) -> None:
    write(now, tmp_path / "sales")
    desks = Desks(tmp_path, follows=False)
    old = ref(desks.desk("sales"))
    for number in range(12):  # more than are prepared anew
        desks.view("sales", Reach("owner_id", f"o{number}"), Scope())
    about = now.about.model_copy(update={"created_at": 1})
    write(replace(now, about=about), tmp_path / "sales")
    assert desks.renew("sales", lambda _: None)
    gc.collect()
    assert old() is None
    assert desks.desk("sales").about.created_at == 1


def test_the_warmer_takes_up_what_is_written(now: Desk, tmp_path: Path) -> None:
    desks = Desks(tmp_path)
    with Warmer(desks):
        write(now, tmp_path / "sales")
        first = desks.desk("sales")
        write(
            replace(now, about=now.about.model_copy(update={"created_at": 1})), tmp_path / "sales"
        )
        for _ in range(600):
            if desks.desk("sales") is not first:
                break
            sleep(0.05)
        assert desks.desk("sales").about.created_at == 1
    assert desks.follows


@pytest.fixture
def own(founded: Path, tmp_path: Path) -> Settings:
    """Return the settings of a workspace that no other test sees."""
    return company.workspace(shutil.copytree(founded, tmp_path / "own"))


def becomes_ready(client: TestClient) -> bool:
    for _ in range(600):
        if client.get("/ready").is_success:
            return True
        sleep(0.05)
    return False


def test_a_service_is_ready_when_the_first_desk_is_prepared(
    own: Settings, now: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(now, own.desks / "sales")
    goes_on = Event()
    monkeypatch.setattr(warm, "prepare", lambda view: (goes_on.wait(), prepare(view)))
    with TestClient(create_app(own), raise_server_exceptions=False) as client:
        waits = client.get("/ready")
        assert waits.status_code == 503
        assert "being prepared" in waits.json()["detail"]
        goes_on.set()
        assert becomes_ready(client)


def test_a_desk_that_cannot_be_read_holds_nobody_up(own: Settings) -> None:
    folder = own.desks / "sales"
    folder.mkdir(parents=True)
    (folder / "current").write_text("gone", encoding="utf-8")
    with TestClient(create_app(own), raise_server_exceptions=False) as client:
        assert becomes_ready(client)


def test_the_next_desk_walks_from_the_one_before_and_carries_on_what_was_said(
    history: Tables, scorer: Scorer, now: Desk, tmp_path: Path
) -> None:
    write(desk_of(history, scorer, NOW - 14 * DAY), tmp_path)
    desks = Desks(tmp_path.parent)
    first = desks.desk(tmp_path.name)
    assert outlook(View(first)).walk is None
    write(now, tmp_path)
    second = desks.desk(tmp_path.name)
    before, after = (outlook(View(one)) for one in (first, second))
    assert after.walk is not None
    assert after.walk.before == pytest.approx(before.forecast.expected)
    assert after.walk.now == pytest.approx(after.forecast.expected)
    changed = after.walk.steps()["change"].sum()
    assert changed == pytest.approx(after.forecast.expected - before.forecast.expected)
    assert set(second.said["as_of"]) == {NOW - 14 * DAY, NOW}
    write(now, tmp_path)  # the same moment again: the last word counts
    assert len(read(tmp_path).said) == len(second.said)


def test_looking_back_tells_what_was_said_and_what_came(history: Tables) -> None:
    seen = look_back(history, company.PIPELINE, Lookback(1, company.SMALL))
    assert len(seen) == 9  # three weeks, and week, month and quarter at each
    told = kept(seen)
    assert dict(told.schema) == LOOKBACK
    assert (told["low"] <= told["high"]).all()
    quarter = period_of("quarter", NOW).before()
    raw = company.history()
    won = raw["deals"].filter(
        pl.col("outcome") == "won",
        pl.col("closed_at").is_between(quarter.starts_at, quarter.ends_at, closed="left"),
    )
    amounts = raw["changes"].filter(field="amount").select("deal_id", pl.col("value").cast(float))
    came = won.join(amounts, on="deal_id")["value"].sum()
    assert set(told.filter(kind="quarter")["came"]) == {came}


@pytest.fixture
def client(company: Settings) -> Iterator[TestClient]:
    job.run("sales", NOW, company, QUIET)
    engine = open_database(company)
    key = create_key(engine, "reader", ["read"], NOW)
    engine.dispose()
    with TestClient(create_app(company, clock=lambda: NOW)) as opened:
        opened.headers["Authorization"] = f"Bearer {key}"
        yield opened


def test_everything_is_told_over_http(client: TestClient) -> None:
    told = {}
    for name in ("forecast", "funnel", "attainment", "sources", "reviews"):
        answer = client.get(f"/v1/pipelines/sales/{name}")
        assert answer.status_code == 200, answer.text
        told[name] = answer.json()
        assert (told[name]["pipeline"], told[name]["as_of"]) == ("sales", iso(NOW))
    assert told["forecast"]["period"]["name"] == "2026-Q1"
    assert told["forecast"]["told"]["zh"].startswith("2026-Q1预计成交")
    assert [stage["stage"] for stage in told["funnel"]["stages"]] == list(company.STAGES)
    assert told["attainment"]["actual"] == told["forecast"]["bookings"]["won"]
    assert told["reviews"]["closed"] > 0
    mine = client.get("/v1/pipelines/sales/funnel", params={"owner": ["o1", "o2"]}).json()
    assert mine["scope"] == {"owner_id": ["o1", "o2"]}
    assert 0 < mine["open_deals"] < told["funnel"]["open_deals"]
    own = client.get("/v1/pipelines/sales/sources", params={"owner": "o1"}).json()
    assert own["development"][-1]["quarter"] == "2026-01-01T00:00:00Z"
    teams = client.get("/v1/pipelines/sales/attainment", params={"by": "team", "period": "month"})
    assert [row["group"] for row in teams.json()["groups"]] == ["T"]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("sales/forecast?period=year", 422, "query.period"),
        ("sales/forecast?currency=EUR", 422, "currency"),
        ("sales/funnel?owner=o9", 422, "owner_id"),
        ("sales/funnel?since=2026-03-01&until=2026-02-01", 422, "since"),
        ("sales/funnel?since=soon", 422, "since"),
        ("none/attainment", 404, "pipeline"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    client: TestClient, path: str, status: int, field: str
) -> None:
    answer = client.get(f"/v1/pipelines/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field


def test_a_key_without_read_is_shown_nothing(client: TestClient, company: Settings) -> None:
    engine = open_database(company)
    key = create_key(engine, "scorer", ["score"], NOW)
    engine.dispose()
    answer = client.get("/v1/pipelines/sales/forecast", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403


def printed(show: Any, view: View, found: Any, language: str, width: int = 140) -> str:
    console = Console(width=width, record=True, file=StringIO())
    show(view, found, console, language)
    return console.export_text()


def test_what_is_printed_is_in_the_language_asked_for(now: Desk) -> None:
    view = View(now)
    shown = (
        (show_forecast, outlook(view), "Handbook: new revenue", "手册公式"),
        (show_funnel, flow(view), "Conversion", "预计转化率"),
        (show_attainment, reached(view, by="team"), "Over the year before", "同比"),
    )
    for show, found, english, chinese in shown:
        assert english in printed(show, view, found, "en")
        text = printed(show, view, found, "zh")
        assert chinese in text
        assert english not in text


def test_the_command_line_tells_what_http_does(company: Settings, client: TestClient) -> None:
    runner, where = CliRunner(), ["--pipeline", "sales", "--workspace", str(company.workspace)]
    for name in ("forecast", "funnel", "attainment"):
        told = runner.invoke(app, [name, *where, "--json"])
        assert told.exit_code == 0, told.output
        answer = client.get(f"/v1/pipelines/sales/{name}").json()
        assert json.loads(told.stdout) == answer
    wrong = runner.invoke(app, ["forecast", *where, "--period", "fortnight"])
    assert isinstance(wrong.exception, BadInput)


TABLES = {"forecast": ("fan",), "funnel": ("stages", "needs", "stagnant"),
          "attainment": ("quotas", "customers")}  # fmt: skip
UNTOLD = {"reached", "moved", "lost", "waiting"}
SHARES = re.compile("moved_so_far|conversion.*|rate|required|over_before|over_year")


def figures(name: str, answer: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the figures and dates of an answer as they are printed, row by row."""
    for row in [row for table in TABLES[name] for row in answer[table][:10]]:
        yield [figure(*cell) for cell in row.items() if told(*cell)]
    if name == "forecast":
        yield [figure(*cell) for cell in answer["baselines"].items()]
    if name == "attainment":
        shown = ("target", "actual", "rate", "before", "over_before", "year_ago", "over_year")
        yield [figure(column, answer[column]) for column in shown]


def told(column: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return column == "by" or (number and column not in UNTOLD)


def figure(column: str, value: Any) -> str:
    if value is None:
        return "–"
    if column == "by":  # a period's end is told by its last day
        return iso_date(parse_moment(value) - 1)
    if SHARES.fullmatch(column):
        return f"{value:.0%}"
    return f"{value:,.1f}" if "days" in column and isinstance(value, float) else f"{value:,.0f}"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", TABLES)
def test_what_is_piped_has_each_row_of_figures_in_a_line(
    company: Settings, client: TestClient, name: str, language: str
) -> None:
    command = Path(sys.executable).with_name("dealcast")
    done = subprocess.run(
        [command, name, "--pipeline", "sales", "--workspace", company.workspace],
        env=os.environ | {"COLUMNS": "80", "DEALCAST_LANGUAGE": language},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = list(figures(name, client.get(f"/v1/pipelines/sales/{name}").json()))
    assert sum(map(len, rows)) > 15
    for row in rows:
        line = ".*".join(rf"(?<!\S){re.escape(one)}(?!\S)" for one in row)
        assert re.search(line, done.stdout), (row, done.stdout)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_terminal_of_80_columns_shows_every_figure_whole(now: Desk, language: str) -> None:
    view = View(now)
    for name, show, found in (
        ("forecast", show_forecast, outlook(view)),
        ("funnel", show_funnel, flow(view)),
        ("attainment", show_attainment, reached(view)),
    ):
        text = printed(show, view, found, language, width=80)
        assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= 80
        answer = json.loads(json.dumps(getattr(answers, name)(view, found)))
        assert {one for row in figures(name, answer) for one in row} <= set(text.split())
