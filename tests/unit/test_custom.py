"""A user's own features: found, held to the laws, and refused where they cannot be used."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest

from data.contract import TABLES
from data.errors import BadInput
from data.moments import DAY
from data.tables import lazy_tables
from features.catalogue import Family, Feature
from features.compute import catalogue
from features.context import Context
from features.custom import load, try_out
from features.history import History
from features.laws import breaches
from tests.histories import PIPELINE, START, Frames

DEALS = TABLES["deals"].schema

HEAD = """
import narwhals as nw
from features.catalogue import Family
from features.history import History

mine = Family()
"""
ENTRY = 'zh="名", en="name", unit="count", group="fit"'
FINE = f"""{HEAD}
@mine.feature("half_age", {ENTRY})
def half_age(history: History) -> nw.Expr:
    return nw.col("created_at") * 0.5
"""


def written(folder: Path, text: str, name: str = "own.py") -> Path:
    folder = folder / "features"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def context(custom: tuple[Family, ...]) -> Context:
    return Context(("a",), ("call",), (7,), texts=("colour",), custom=custom)


def test_a_file_of_the_folder_joins_the_catalogue_with_its_origin(tmp_path: Path) -> None:
    folder = written(tmp_path, FINE)
    entries = {one.name: one for one in catalogue(context(load(folder)))}
    assert entries["half_age"].origin == "features/own.py"
    assert {one.origin for one in entries.values()} == {"", "features/own.py"}
    assert "half_age" not in {one.name for one in catalogue(context(()))}


def test_no_folder_is_no_feature(tmp_path: Path) -> None:
    assert load(tmp_path / "features") == ()


def test_an_installed_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package_of_ours.py").write_text(FINE)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("ours", "package_of_ours:mine", "dealcast.features")
    monkeypatch.setattr("features.custom.entry_points", lambda group: [point])
    (family,) = load(tmp_path / "features")
    sys.modules.pop("package_of_ours")
    assert [(one.name, one.origin) for one, _ in family.entries] == [
        ("half_age", "package_of_ours:mine")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "features/own.py.*ZeroDivisionError"),
        (HEAD, "features/own.py.*no family with a feature"),
        (FINE.replace('unit="count"', 'unit="dayz"'), "half_age.*unit='dayz'.*did you mean days"),
        (FINE.replace('group="fit"', 'group="fitt"'), "group='fitt'.*allowed: fit, engagement"),
        (FINE.replace('zh="名", ', ""), "features/own.py.*missing.*zh"),
        (FINE.replace("(history: H", "(history: History, word: str, h: H"), "half_age of feat"),
        (
            FINE.replace('col("created_at")', 'col("closed_at")'),
            "half_age of features.*clos",
        ),
        (FINE.replace("nw.col", "nw.kol"), "half_age of features/own.py.*kol"),
        (
            FINE.replace("half_age", "age"),
            "two features have one name.*another name in features.own",
        ),
        (FINE.replace("half_age", "as_of"), "two features have one name.*'as_of'"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(
    tmp_path: Path, text: str, message: str
) -> None:
    folder = written(tmp_path, text)
    with pytest.raises(BadInput, match=message):
        try_out(lazy_tables({}, PIPELINE), context(load(folder)))


@pytest.mark.parametrize(("field", "value"), [("kind", "word"), ("each", "days"), ("direction", 2)])
def test_an_entry_says_only_what_it_may(field: str, value: object) -> None:
    with pytest.raises(BadInput, match=f"the feature x says what it may not; {field}="):
        Feature("x", "某", "x", "count", "fit", **{field: value})  # type: ignore[arg-type]


def test_a_feature_that_looks_at_other_deals_breaks_the_laws(tmp_path: Path) -> None:
    text = FINE.replace('nw.col("created_at") * 0.5', 'nw.col("created_at").max()')
    given = context(load(written(tmp_path, text)))
    found = breaches(two_deals(), PIPELINE, given, [START + 2 * DAY, START + 5 * DAY])
    assert {one.law: (one.feature, one.deal_id, one.value, one.other) for one in found} == {
        "the past": ("half_age", "d0", START + 3 * DAY, START),
        "alone": ("half_age", "d0", START + 3 * DAY, START),
    }


def two_deals() -> Frames:
    """Return a deal that begins at the start and one that begins three days later."""
    deals = [
        {"deal_id": f"d{n}", "created_at": at, "recorded_at": at, "outcome": "open"}
        for n, at in enumerate((START, START + 3 * DAY))
    ]
    return {"deals": pl.DataFrame([dict.fromkeys(DEALS) | one for one in deals], DEALS)}


def test_a_context_is_written_without_code() -> None:
    family = Family()
    family.feature("x", zh="某", en="x", unit="count", group="fit")(_count)
    given = context((family,))
    assert "custom" not in given.to_dict()
    assert Context.from_dict(given.to_dict(), (family,)) == given


def _count(history: History) -> nw.Expr:
    return nw.lit(1)
