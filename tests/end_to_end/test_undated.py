"""Tables without dates, pipelines without skill or history: trained, listed, served, said."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from starlette.testclient import TestClient

from data.errors import BadInput, NotReady
from data.moments import now
from data.settings import Settings
from data.tables import open_tables, write_parquet
from models.boosting import Settings as Fitting
from models.bundle import Bundle, champion
from pipelines import ingest, models, score, train, week
from pipelines.workspace import database_of
from serving.api.app import create_app
from serving.champions import Champions
from serving.security import create_key
from tests import company, leads

pytestmark = [
    pytest.mark.slow,
    # MLflow's own: it uses what its libraries are about to give up
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:mlflow"),
]

QUIET = Console(quiet=True)
SMALL = Fitting(folds=2, rounds=20)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace with leads that can be told apart, leads that cannot, and two short histories."""
    settings = company.workspace(tmp_path_factory.mktemp("undated"))
    for name, frame in {
        "leads": leads.frame(),
        "coins": leads.frame(skill=0.0),
        "few": leads.frame(70),
        "none": leads.frame(5).with_columns(state=pl.lit("")),
    }.items():
        folder = settings.workspace / name
        folder.mkdir(parents=True)
        source, mapping = leads.write(folder, frame)
        ingest.run(source, str(mapping), name, settings, QUIET)
    write_parquet(company.history(45), settings.workspace / "deals", company.PIPELINE)
    source = settings.workspace / "deals"
    ingest.run(source, "canonical", company.NAME, settings, QUIET)
    return settings


@pytest.fixture(scope="module")
def trained(settings: Settings) -> dict[str, train.Trained]:
    names = ("leads", "coins", "few", company.NAME)
    at = {company.NAME: company.END}
    return {
        name: train.run(name, at.get(name, now()), settings, QUIET, fitting=SMALL) for name in names
    }


Call = Callable[..., Any]


@pytest.fixture(scope="module")
def call(settings: Settings, trained: dict[str, train.Trained]) -> Iterator[Call]:
    with database_of(settings) as engine:
        key = create_key(engine, "test", ["score", "read"], now())
    with TestClient(create_app(settings), headers={"Authorization": f"Bearer {key}"}) as client:

        def ask(path: str, body: dict[str, Any] | None = None) -> Any:
            answer = client.get(path) if body is None else client.post(path, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield ask


def printed(show: Callable[[Console], None]) -> str:
    text = StringIO()
    with redirect_stdout(text):
        show(Console(file=text, width=200))
    return text.getvalue()


@pytest.mark.parametrize(
    ("name", "serves", "said"),
    [
        ("leads", "model", "[Tt]he model serves; timing unknown"),
        ("coins", "baseline", "[Nn]o skill over the stage baseline: the stage baseline serves"),
        ("few", "baseline", r"[Tt]oo little history: \d+ won, \d+ lost, a model needs 40 each"),
        (company.NAME, "baseline", "[Tt]oo little history"),
    ],
)
def test_every_surface_says_what_serves(
    settings: Settings, trained: dict[str, train.Trained], call: Call,
    name: str, serves: str, said: str,
) -> None:  # fmt: skip
    bundle = trained[name].bundle
    assert bundle.serves == bundle.card["serves"] == serves
    (listed,) = models.listing(settings, name)
    assert listed["serves"] == serves
    assert (listed["why"] is None) == (serves == "model")
    (served,) = (one for one in call("/v1/pipelines") if one["pipeline"] == name)
    champion = call(f"/v1/pipelines/{name}/model")
    assert {**champion, **served} == champion
    assert champion["features"] == [one.name for one in bundle.features]
    told = [(one["won_actual"], one["log_loss"]) for one in champion["evidence"]]
    assert told == [(e["won_actual"], pytest.approx(e["log_loss"])) for e in bundle.evidence]
    published = week.run(name, now(), settings, QUIET)
    for text in (
        bundle.serving["en"],
        served["serving"]["en"],
        printed(lambda console: train.show(trained[name], console)),
        printed(lambda console: week.show(published, console)),
    ):
        assert re.search(said, " ".join(text.split())), text
    assert served["served_by"] == serves
    unknown = name != company.NAME
    assert served["timing"] == bundle.card["timing"] == ("unknown" if unknown else "dated")
    assert ("时间未知" in bundle.serving["zh"]) == unknown
    assert set(published.listed["served_by"]) == {serves}


def test_the_card_keeps_what_it_was_judged_by(trained: dict[str, train.Trained]) -> None:
    card = json.loads(json.dumps(trained["leads"].bundle.card, allow_nan=False))
    closed = leads.frame().filter(pl.col("state") != "")
    (end,) = card["evidence"]["horizons"]
    assert end["horizon_days"] is None
    assert end["open_deals"] == pytest.approx(len(closed) / 5, abs=1)
    assert end["won_actual"] == (closed.tail(end["open_deals"])["state"] == "bought").sum()
    assert "1970" not in json.dumps(card)
    assert trained["few"].bundle.card["evidence"] is None
    assert trained["few"].bundle.model is None


def test_open_leads_are_scored_and_say_nothing_of_time(
    settings: Settings, trained: dict[str, train.Trained], tmp_path: Path
) -> None:
    out = tmp_path / "scores.parquet"
    scores = score.run("leads", now(), settings, QUIET, out)
    open_leads = leads.frame().filter(pl.col("state") == "")
    told = pl.read_parquet(out)
    assert told["deal_id"].to_list() == open_leads["id"].to_list()
    assert (told["p_won"] + told["p_lost"]).to_numpy() == pytest.approx(1.0, abs=1e-9)
    assert told["close_median"].is_null().all()
    assert set(told["timing"]) == {"unknown"}
    assert not [column for column in told.columns if column.startswith("p_won_")]
    odds = open_leads["visits"] + 2.5 * (open_leads["source"] == "fair")
    assert np.corrcoef(odds.to_numpy(), told["p_won"].to_numpy())[0, 1] > 0.8
    assert not scores.curves.dated
    with pytest.raises(BadInput, match="timing unknown"):
        score.run("leads", now(), settings, QUIET, curves=out)


def test_a_call_gets_the_same_score(settings: Settings, call: Call) -> None:
    lead = leads.frame().filter(pl.col("state") == "").row(0, named=True)
    deal = {"deal_id": lead["id"], "created_at": "2026-01-01", "source": lead["source"]}
    deal |= {"amount": lead["worth"], "attributes": {"visits": lead["visits"]}}
    (told,) = call(
        "/v1/score",
        {"pipeline": "leads", "days_ahead": [7], "reasons": True, "records": [{"deal": deal}]},
    )["scores"]
    assert told["timing"] == "unknown"
    assert told["chances"] == [{"days_ahead": 7, "p_won": None, "p_lost": None}]
    assert told["expected_close"] is None
    assert told["reasons"]
    with database_of(settings) as engine:
        tables = open_tables(engine, "leads")
    scored = Champions(settings.bundles).scorer("leads").score(tables, now(), [lead["id"]])
    (filed,) = scored.eventually().select("p_won", "p_lost").to_dicts()
    assert told["eventually"] == pytest.approx(filed, abs=1e-9)


def test_a_dated_score_has_an_end_too(call: Call) -> None:
    deal = {"deal_id": "x", "created_at": "2026-02-20"}
    record = {
        "pipeline": company.NAME,
        "as_of": "2026-03-02T00:00:00Z",
        "records": [{"deal": deal}],
    }
    (told,) = call("/v1/score", record)["scores"]
    assert told["timing"] == "dated"
    assert told["served_by"] == "baseline"
    last = told["chances"][-1]
    assert told["eventually"]["p_won"] >= last["p_won"] > 0
    assert told["eventually"]["p_won"] + told["eventually"]["p_lost"] <= 1 + 1e-9


def test_the_list_ranks_by_what_can_be_moved_alone(settings: Settings, call: Call) -> None:
    published = week.run("leads", now(), settings, QUIET)
    listed, forecast = published.listed, published.forecast
    assert forecast is None
    assert listed["period_end"].is_null().all()
    p = pl.col("p_won_period")
    assert (
        listed.select(
            (pl.col("amount") * p * (1 - p) - pl.col("value_at_stake")).abs().max()
        ).item()
        < 1e-9
    )
    assert listed["value_at_stake"].is_sorted(descending=True)
    csv = next(path for path in published.files if path.suffix == ".csv").read_text("utf-8-sig")
    assert "P(won) in the end (timing unknown)" in csv.splitlines()[0]
    (first, *_) = call("/v1/lists/latest?pipeline=leads")["items"]
    assert first["period_end"] is None


def test_nothing_closed_is_nothing_to_train_on(settings: Settings) -> None:
    with pytest.raises(NotReady, match="no deal is known as won or lost"):
        train.run("none", now(), settings, QUIET, fitting=SMALL)


def test_a_bundle_without_a_model_is_loaded_as_it_was_saved(
    settings: Settings, trained: dict[str, train.Trained]
) -> None:
    loaded = Bundle.load(champion(settings.bundles / "few"))
    assert loaded.model is None
    with database_of(settings) as engine:
        tables = open_tables(engine, "few")
    scores = Champions(settings.bundles).scorer("few").score(tables, now(), reasons=True)
    card = trained["few"].bundle
    said = scores.curves.won_by(np.inf)
    closed = leads.frame(70).filter(pl.col("state") != "")
    assert said == pytest.approx((closed["state"] == "bought").mean(), abs=1e-9)
    assert scores.why is not None
    assert not any(one.parts or one.reasons for one in scores.why)
    assert card.baseline.won == pytest.approx(loaded.baseline.won)
