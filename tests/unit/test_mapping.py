from datetime import date

import polars as pl
import pytest

from data.mapping.columns import ColumnSpec, Dialect

ROWS = pl.DataFrame(
    {
        "state": ["Won", " lost ", "Select", "", None, "new"],
        "signed": ["2024-03-05", None, "05/03/2024", "", "2024-03-06", None],
        "amount": ["1.200,50", "3", "x", None, "", "-2"],
    }
)


def read(kind: str = "text", **spec: object) -> list[str | None]:
    column = ColumnSpec.model_validate(spec)
    return column.read(ROWS, kind, Dialect(missing=("Select",))).to_list()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"column": "state"}, ["Won", "lost", None, None, None, "new"]),
        ({"constant": "x"}, ["x"] * 6),
        ({"column": "state", "words": {"Won": "won"}}, ["won", "lost", None, None, None, "new"]),
        (
            {"column": "state", "words": {"Won": "won"}, "otherwise": "open"},
            ["won", "open", "open", "open", "open", "open"],
        ),
        ({"column": "state", "otherwise": "none"}, ["Won", "lost", "none", "none", "none", "new"]),
        (
            {"column": "signed", "filled": "won", "otherwise": "open"},
            ["won", "open", "won", "open", "won", "open"],
        ),
        ({"column": "signed", "where": {"state": ["Won", "lost"]}}, ["2024-03-05", *[None] * 5]),
        ({"column": "state", "remove": "^W"}, ["on", "lost", None, None, None, "new"]),
    ],
)
def test_text(spec: dict[str, object], expected: list[str | None]) -> None:
    assert read(**spec) == expected


def test_numbers_and_dates_of_yaml_stand_for_how_they_are_written() -> None:
    assert read(constant=date(2024, 1, 12)) == ["2024-01-12"] * 6
    assert read(column="state", words={1: "won", "new": 0})[-1] == "0"


def test_what_cannot_be_read_stays_as_it_was_written() -> None:
    assert read("moment", column="signed") == [
        "2024-03-05T00:00:00Z", None, "05/03/2024", None, "2024-03-06T00:00:00Z", None,
    ]  # fmt: skip
    assert read("moment", column="signed", format=["%d/%m/%Y"])[:3] == [
        "2024-03-05", None, "2024-03-05T00:00:00Z",
    ]  # fmt: skip
    numbers = read("number", column="amount", decimal=",", thousands=".")
    assert numbers == ["1200.5", "3.0", "x", None, None, "-2.0"]
