"""The documentation's tables and examples are the code's own."""

import re
from pathlib import Path

import pytest

from data.contract import TABLES, Table
from data.errors import BadInput
from data.mapping import load_mapping, parse_mapping, shipped_mappings

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (DOCS / "mappings.md").read_text("utf-8"), re.DOTALL)


def rendered(table: Table) -> str:
    """Return a table of the contract as docs/contract.md has it."""
    lines = [f"## {table.name}", "", f"Key: {', '.join(f'`{k}`' for k in table.key)}.", ""]
    lines += ["| column | type | filled | meaning |", "|---|---|---|---|"]
    for column in table.columns:
        meaning = column.meaning
        if column.allowed:
            meaning += f" ({', '.join(f'`{word}`' for word in column.allowed)})"
        filled = "always" if column.required else ""
        lines.append(f"| `{column.name}` | {column.type} | {filled} | {meaning} |")
    return "\n".join(lines)


@pytest.mark.parametrize("name", TABLES)
def test_the_contracts_page_shows_the_contract(name: str) -> None:
    assert rendered(TABLES[name]) in (DOCS / "contract.md").read_text("utf-8")


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_a_mapping_loads(example: str) -> None:
    parse_mapping(example)


def test_the_page_has_an_example_of_each_kind() -> None:
    kinds = {parse_mapping(example).kind for example in EXAMPLES}  # type: ignore[attr-defined]
    assert kinds == {"canonical", "spreadsheet", "event_log"}


@pytest.mark.parametrize("name", shipped_mappings())
def test_every_shipped_mapping_loads(name: str) -> None:
    load_mapping(name)


DEALS = "kind: spreadsheet\ntables:\n  - table: deals\n    columns: {deal_id: id, created_at: at"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DEALS + ", outcom: x}", r"tables\.0.*no column 'outcom'.*did you mean outcome"),
        (DEALS.replace(", created_at: at", "") + "}", "deals must have created_at"),
        (DEALS + ", outcome: {column: o, words: {输单: loss}}}", "may not be 'loss'.*won, lost"),
        (DEALS + ", outcome: {constant: alive}}", "may not be 'alive'; allowed: open, won, lost"),
        (DEALS + "}\n    colums: {}", r"tables\.0\.colums.*did you mean columns"),
        (DEALS + ", outcome: {words: {a: won}}}", "either column or constant"),
        (DEALS + "}\npipeline: {won_wrod: x}", r"at pipeline\.won_wrod.*did you mean won_word"),
        (DEALS + "}\npipeline: {grades: [1, 2, 3]}", r"pipeline\.grades=\[1, 2, 3\]; the lowest"),
        (DEALS + "}\npipeline: {attributes: {a: {policy: x}}}", r"attributes\.a\.policy='x'; "),
        (DEALS + "}\ntimezone: Asia/Shangai", "timezone.*did you mean Asia/Shanghai"),
        (DEALS + "}\nencoding: gbkk", "no such encoding; allowed: utf-8"),
        (DEALS + ", amount: {column: a, remove: '('}}", "remove.*unclosed group"),
        (DEALS + ", closed_at: {column: a, format: [dd/mm/yyyy]}}", "format.*not a form of dates"),
        ("kind: spread", "say its kind: canonical, spreadsheet or event_log"),
        ("tables: []", "say its kind"),
        ("kind: [", "not YAML"),
        ("just text", "wrong at its top"),
    ],
)
def test_a_wrong_mapping_says_where_and_what_was_meant(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as raised:
        parse_mapping(text)
    assert not re.search(r"Value error|\{'|Extra inputs", str(raised.value))  # pydantic's own words
