"""The audit's checks of columns: what each finds, and what it leaves in peace."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from data.contract import Attribute, Pipeline
from data.errors import BadInput
from data.moments import DAY, iso_date
from data.records import normalise
from data.tables import Engine, lazy_tables
from features.audit import Audit, audit
from features.audit.alone import Auc, forward
from features.audit.names import name_evidence

N = 600


def audited(engine: Engine = "polars", keep: tuple[str, ...] = (), **columns: Any) -> Audit:
    """Audit columns declared fixed of records without dates, of which every third is won."""
    won = np.arange(N) % 3 == 0
    attributes = {
        name: Attribute(type="number" if _is_number(values) else "text", policy="fixed")
        for name, values in columns.items()
    }
    pipeline = Pipeline(name="leads", dated=False, attributes=attributes)
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{n:04}" for n in range(N)],
            "created_at": np.arange(N) * DAY,
            "outcome": np.where(won, "won", "lost"),
            **columns,
        }
    )
    frames = normalise({"deals": deals}, pipeline).frames
    return audit(lazy_tables(frames, pipeline, engine), pipeline, keep)


def _is_number(values: Any) -> bool:
    return pl.Series(values).dtype.is_numeric()


WON = np.arange(N) % 3 == 0
NOISE = np.random.default_rng(0).normal(size=N)
LEAKS = {
    "filled_for_one": [f"note {n}" if won else None for n, won in enumerate(WON)],
    "words_of_one": np.where(WON & (NOISE > 0), "gold", "plain"),
    "alone": WON * 4.0 + NOISE,
}


@pytest.mark.parametrize("check", LEAKS)
def test_what_gives_the_outcome_away_by_itself_is_left_out(engine: Engine, check: str) -> None:
    found = audited(engine, some_fact=LEAKS[check])
    (finding,) = found.findings
    assert finding.severity == "leak"
    assert finding.done == "left_out"
    assert check in {one.check for one in finding.evidence if one.weight == "proof"}
    assert found.pipeline.attributes["some_fact"].policy == "final"


def test_noise_and_honest_skill_are_left_in_peace() -> None:
    honest = {
        "noise": NOISE,
        "visits": WON * 1.0 + NOISE,  # an AUC of about .76
        "city": np.random.default_rng(2).choice(["Paris", "Lyon", "Nice"], N),
        "filled_by_half": [None if x > 0 else "yes" for x in NOISE],
        "number_of_the_record": np.arange(N) * 1.0,
    }
    assert audited(**honest).findings == ()


def test_a_name_counts_only_where_its_values_go_with_the_outcome() -> None:
    found = audited(last_contact=WON * 1.0 + NOISE, final_word=NOISE)
    assert found.left_out == ("last_contact",)
    graded = {one.column: one.severity for one in found.findings}
    assert graded == {"last_contact": "suspect", "final_word": "note"}


@pytest.mark.parametrize(
    "name",
    ["Close Value", "lead_score", "LastActivity", "Sales Stage Change Count", "duration",
     "丢单原因", "成交金额", "线索评分", "停留天数", "Deal Status"],
)  # fmt: skip
def test_names_that_speak_of_what_is_known_late(name: str) -> None:
    (said,) = name_evidence(name)
    assert said.weight == "name"
    assert said.zh != said.en


@pytest.mark.parametrize(
    "name",
    ["industry", "Closet Size", "wonder", "previous_outcome", "expected close date", "预计成交日",
     "上次结果", "marital status", "Total Time Spent on Website", "poutcome", "客户行业"],
)  # fmt: skip
def test_names_that_do_not(name: str) -> None:
    assert name_evidence(name) == []


def test_kin_of_a_suspect_are_suspects() -> None:
    shares = np.random.default_rng(1).dirichlet((1, 1, 1), N)
    shares[WON, :2] *= 0.2
    first, second, third = (shares / shares.sum(axis=1, keepdims=True)).T
    last = WON * 1.0 + NOISE
    found = audited(
        last_call=last, x1=last * 7 + 3, stage_share=first, changes_share=second, x2=third
    )
    kin = {f.column for f in found.findings if any(one.check == "kin" for one in f.evidence)}
    assert kin == {"x1", "x2"}
    assert set(found.left_out) == {"last_call", "x1", "stage_share", "changes_share", "x2"}


def test_a_suspect_stays_where_the_user_says_so_and_that_is_recorded() -> None:
    found = audited(keep=("alone",), alone=LEAKS["alone"], noise=NOISE)
    assert found.pipeline.attributes["alone"].policy == "fixed"
    assert found.kept == ("alone",)
    assert found.left_out == ()
    assert found.to_dict()["findings"][0]["done"] == "kept"


def test_one_customer_that_always_buys_is_no_pattern() -> None:
    """All of fifty deals in a region were won: of fifty customers it is proof, of one it is not."""
    assert "region" in regional(50).left_out
    assert regional(1).findings == ()


def regional(customers: int) -> Audit:
    rng = np.random.default_rng(4)
    north = np.arange(N) < 50
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{n:04}" for n in range(N)],
            "created_at": np.arange(N) * DAY,
            "outcome": np.where(north | (rng.random(N) < 0.3), "won", "lost"),
            "account_id": [f"n{n % customers}" if n < 50 else f"s{n}" for n in range(N)],
        }
    )
    accounts = deals.select("account_id", region=np.where(north, "north", "south")).unique()
    pipeline = Pipeline(name="leads", dated=False)
    frames = normalise({"deals": deals, "accounts": accounts}, pipeline).frames
    return audit(lazy_tables(frames, pipeline), pipeline)


def test_a_column_to_keep_must_be_there() -> None:
    with pytest.raises(BadInput, match=r"keep='alon'; allowed: alone.*did you mean alone\?"):
        audited(keep=("alon",), alone=NOISE)


def test_a_column_of_the_contract_is_left_out_by_the_features_that_read_it() -> None:
    source = np.where(WON, "renewal", "web")
    pipeline = Pipeline(name="leads", dated=False)
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{n:04}" for n in range(N)],
            "created_at": np.arange(N) * DAY,
            "outcome": np.where(WON, "won", "lost"),
            "source": source,
        }
    )
    frames = normalise({"deals": deals}, pipeline).frames
    found = audit(lazy_tables(frames, pipeline), pipeline)
    assert found.left_out == ("source",)
    assert found.pipeline.left_out == ("source", "source_record")


def test_the_day_of_the_closing_is_known_by_its_values(engine: Engine) -> None:
    pipeline = Pipeline(name="deals", attributes={"handed_over": Attribute(policy="fixed")})
    rng = np.random.default_rng(3)
    ends = np.arange(N) * DAY + rng.integers(5, 60, N) * DAY
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{n:04}" for n in range(N)],
            "created_at": np.arange(N) * DAY,
            "closed_at": ends,
            "outcome": np.where(rng.random(N) < 0.5, "won", "lost"),
            "handed_over": [iso_date(int(end)) for end in ends],
        }
    )
    frames = normalise({"deals": deals}, pipeline).frames
    (found,) = audit(lazy_tables(frames, pipeline, engine), pipeline).findings[:1]
    assert found.column == "handed_over"
    assert found.done == "left_out"
    assert "date_of_closing" in {one.check for one in found.evidence}


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_the_auc_is_sklearns_and_its_interval_begins_below_it(
    told: list[tuple[int, bool]],
) -> None:
    said, won = np.array([x for x, _ in told], float), np.array([w for _, w in told])
    auc = Auc.of(said, won)
    if auc is None:
        assert won.all() or not won.any()
        return
    assert auc.value == pytest.approx(roc_auc_score(won, said))
    assert auc.low < auc.value


def test_a_rate_that_turns_round_in_time_is_no_evidence() -> None:
    """What told the outcome once and tells the opposite now is no leak; shuffled it seems one."""
    old = np.arange(N) < 0.8 * N
    word = pl.Series(np.where(old == WON, "a", "b"))
    auc = forward(word, WON)
    assert auc is not None
    assert auc.value == 0.0
    assert roc_auc_score(WON, word == "a") > 0.6
