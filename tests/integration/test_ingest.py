"""What comes in, however it is written; and what is refused, with its reason."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
import xlsxwriter

from data.database import contract_tables, open_database
from data.errors import BadInput, NotFound
from data.ingest import Report, ingest
from data.mapping import load_mapping, parse_mapping
from data.moments import parse_moment
from data.settings import Settings
from data.tables import load_pipeline, open_tables, read_frames, write_parquet

CHINESE = """
kind: spreadsheet
timezone: Asia/Shanghai
missing: [无, Select]
pipeline: {currency: CNY, stages: [初步接触, 需求分析, 合同签订]}
tables:
  - table: deals
    columns:
      deal_id: 商机编号
      account_id: 客户名称
      created_at: 创建日期
      closed_at: {column: 结束日期, format: "%d/%m/%Y"}
      outcome: {column: 状态, words: {赢单: won, 输单: lost, 跟进中: open}}
      owner_id: 负责人
      amount: {column: 预计金额（万元）, thousands: ",", scale: 10000}
    attributes:
      区域: {column: 区域, policy: fixed, zh: 区域, en: Region}
  - table: changes
    filled: [报价日期]
    columns:
      deal_id: 商机编号
      field: {constant: stage}
      value: {constant: 方案报价}
      at: 报价日期
"""
HEADER = "商机编号,客户名称,创建日期,结束日期,状态,负责人,预计金额（万元）,区域,报价日期"
ROWS = (
    'D1,上海电气,2024年3月5日,20/04/2024,赢单,张伟,"1,200.5",华东,2024/3/9 9:30',
    "D2,无,2024-03-06,,跟进中,李娜,30,Select,",
    "D3,海尔,2024/3/7,01/05/2024,输单,王芳,¥8,华北,2024-03-20T10:00:00Z",
)

Bring = Callable[..., Report]


@pytest.fixture
def bring(database: sa.Engine, settings: Settings) -> Bring:
    """Return ingest into the database of the test."""

    def run(source: Path, mapping: str = CHINESE, pipeline: str = "opps") -> Report:
        loaded = load_mapping(mapping) if "\n" not in mapping else parse_mapping(mapping)
        return ingest(source, loaded, pipeline, database, settings.workspace / "rejects")

    return run


def sheet(folder: Path, *rows: str, encoding: str = "utf-8", name: str = "商机.csv") -> Path:
    path = folder / name
    path.write_bytes("\n".join((HEADER, *rows, "")).encode(encoding))
    return path


def refused(report: Report) -> list[tuple[int, str, str, str]]:
    assert report.rejects is not None
    frame = pl.read_csv(report.rejects)
    return frame.select("row", "field", "value", "reason").rows()


def test_a_sheet_with_chinese_headers(bring: Bring, database: sa.Engine, tmp_path: Path) -> None:
    report = bring(sheet(tmp_path, *ROWS))
    assert report.outcomes == {"open": 1, "won": 1, "lost": 1}
    assert report.rejects is None
    frames = read_frames(database, "opps")
    deals = frames["deals"].sort("deal_id")
    midnight = parse_moment("2024-03-05T00:00:00+08:00")
    assert deals["created_at"][0] == midnight
    assert deals["closed_at"].to_list() == [
        parse_moment("2024-04-20T00:00:00+08:00"),
        None,
        parse_moment("2024-05-01T00:00:00+08:00"),
    ]
    assert deals["account_id"].to_list() == ["上海电气", None, "海尔"]
    changes = frames["changes"]
    amounts = changes.filter(field="amount").sort("deal_id")
    assert amounts["number"].to_list() == [12_005_000.0, 300_000.0, 80_000.0]
    quoted = changes.filter(field="stage").sort("deal_id")
    assert quoted["at"].to_list() == [
        parse_moment("2024-03-09T09:30:00+08:00"),
        parse_moment("2024-03-20T10:00:00Z"),
    ]
    assert json.loads(deals["attributes"][2]) == {"区域": "华北"}
    assert load_pipeline(database, "opps").attributes["区域"].en == "Region"
    tables = open_tables(database, "opps")
    assert tables.deals.collect().sort("deal_id")["区域"].to_list() == ["华东", None, "华北"]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_any_usual_encoding_gives_the_same_rows(
    bring: Bring, tmp_path: Path, encoding: str, named: str
) -> None:
    (tmp_path / "other").mkdir()
    report = bring(sheet(tmp_path, *(row.replace("¥", "") for row in ROWS), encoding=encoding))
    assert report.encodings == {"商机.csv": named}
    again = bring(sheet(tmp_path / "other", *(row.replace("¥", "") for row in ROWS)))
    assert again.tables["deals"].unchanged == 3
    assert again.tables["changes"].accepted == again.tables["changes"].changed == 0


def test_what_is_wrong_is_told_row_by_row(bring: Bring, tmp_path: Path) -> None:
    report = bring(
        sheet(
            tmp_path,
            ROWS[0],
            "D4,x,05/03/2024,,跟进中,张伟,1,华东,",
            "D5,x,2024-03-05,,成交,张伟,1,华东,",
            ",x,2024-03-05,,跟进中,张伟,1,华东,",
            ROWS[0],
            ROWS[0].replace("上海电气", "北京电气"),
            "D6,x,2024-03-05,,赢单,张伟,1,华东,",
            "D7,x,2024-03-05,01/03/2024,赢单,张伟,1,华东,",
            "D8,x,2024-03-05,,跟进中,张伟,很多,华东,",
            "D9,x,2024-03-05",
            "D10,x,2024-03-05,,跟进中,张\0伟,1,华东,",
        )
    )
    told = {(row, field): (value, reason) for row, field, value, reason in refused(report)}
    assert told[3, "created_at"] == ("05/03/2024", "not a moment: write ISO 8601, the year first")
    assert told[4, "outcome"] == ("成交", "not an allowed word; allowed: open, won, lost")
    assert told[5, "deal_id"] == (None, "missing")
    assert told[7, "deal_id"][1].endswith("says something else")
    assert told[8, "closed_at"][1].startswith("won or lost, but nobody says when")
    assert told[9, "closed_at"][1] == "closed before it was created"
    assert told[10, "amount"] == ("很多", "not a number")
    assert told[11, None][1] == "9 values expected, 3 found"
    assert told[12, "owner_id"][1] == "has a null character, which PostgreSQL cannot keep"
    assert report.tables["deals"].accepted == 1
    assert report.tables["deals"].repeated == 1
    assert report.tables["deals"].rejected == report.rejected
    assert set(pl.read_csv(report.rejects)["file"]) == {"商机.csv"}
    assert len(told) == report.rejected, refused(report)


def test_a_file_refused_altogether_leaves_nothing(
    bring: Bring, database: sa.Engine, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="every row was refused"):
        bring(sheet(tmp_path, "D1,x,yesterday,,跟进中,张伟,1,华东,"))
    with pytest.raises(NotFound, match="no such pipeline"):
        load_pipeline(database, "opps")


@pytest.mark.parametrize("name", ["outcome", "amount", "_row"])
def test_an_attribute_is_not_called_as_a_column_of_deals(
    bring: Bring, tmp_path: Path, name: str
) -> None:
    mapping = CHINESE.replace("      区域: {", f"      {name}: {{")
    with pytest.raises(BadInput, match="an attribute that is called") as refused:
        bring(sheet(tmp_path, *ROWS), mapping)
    assert refused.value.value == name


def test_columns_called_as_ours_and_null_characters_in_json(bring: Bring, tmp_path: Path) -> None:
    rows = [
        {"account_id": "A1", "attributes": json.dumps({"q": "a\0b"})},
        {"account_id": "A2", "attributes": json.dumps({"q": "a\\u0000b"})},
        {"account_id": "A3", "attributes": json.dumps({"q\\\0": 1})},
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "accounts.csv")
    made = {"deal_id": "D1", "created_at": "2024-03-05", "_file": "x", "_row": 7, "_index": "y"}
    pl.DataFrame([made]).write_csv(tmp_path / "deals.csv")
    report = bring(tmp_path, "canonical")
    assert report.tables["deals"].accepted == report.tables["accounts"].accepted == 1
    assert [(row, field) for row, field, _, _ in refused(report)] == [
        (2, "attributes"),
        (4, "attributes"),
    ]


def test_a_corrected_file_leaves_no_old_rejects(bring: Bring, tmp_path: Path) -> None:
    report = bring(sheet(tmp_path, *ROWS, ROWS[0].replace("D1", "")))
    assert report.rejects is not None
    rejects = Path(report.rejects)
    assert rejects.read_bytes().startswith("\ufeff".encode())
    assert bring(sheet(tmp_path, *ROWS)).rejects is None
    assert not rejects.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no header"),
        ((HEADER + "\n").encode(), "no rows"),
        ("商机编号,商机编号\n1,2\n".encode(), "stands there twice"),
        ("编号\n1\n".encode(), "has no such column"),
        (b"\xff\xfa\xe9\x20\n", "encoding cannot be told"),
    ],
)
def test_a_file_that_cannot_be_used(
    bring: Bring, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "商机.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        bring(path)


def test_a_broken_gzip_is_refused_whole(bring: Bring, tmp_path: Path) -> None:
    whole = gzip.compress("\n".join([HEADER, *ROWS * 5000]).encode())
    path = tmp_path / "deals.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="cannot be read to its end"):
        bring(path)


WEEKLY = """
kind: spreadsheet
tables:
  - table: deals
    columns: {deal_id: id, created_at: made, stage: stage, outcome: outcome, closed_at: closed,
      observed_at: {constant: 2024-01-%s}}
"""


def test_an_older_export_does_not_open_a_deal_again(
    bring: Bring, database: sa.Engine, tmp_path: Path
) -> None:
    def export(day: int, *rows: str) -> Report:
        path = tmp_path / f"export_{day}.csv"
        path.write_text("\n".join(["id,made,stage,outcome,closed", *rows]) + "\n")
        return bring(path, WEEKLY % day)

    fifth = ("A,2024-01-01,new,open,", "B,2024-01-02,new,open,")
    # A's closing was entered after the export of the 12th, though dated before it
    export(19, "A,2024-01-01,offer,won,2024-01-10", "B,2024-01-02,offer,open,")
    for day in (12, 10):
        assert export(day, *fifth).outcomes == {"won": 1, "lost": 0, "open": 1}
    deals = read_frames(database, "opps")["deals"].sort("deal_id")
    assert deals["closed_at"].to_list() == [parse_moment("2024-01-10"), None]
    assert export(26, *fifth).outcomes["open"] == 2  # opened again, says a later export


@pytest.mark.parametrize("name", ["deals.xlsx", "deals.parquet", "deals.csv.gz"])
@pytest.mark.parametrize("content", [b"", b"deal_id,created_at\nD1,2024-03-05\n"])
def test_a_file_that_is_not_what_its_name_says(
    bring: Bring, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=f"{name}|no header") as error:
        bring(path, "canonical")
    assert "\n" not in str(error.value)


def test_a_file_in_another_encoding_than_its_mapping_says(bring: Bring, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read to its end"):
        bring(sheet(tmp_path, ROWS[0], encoding="gbk"), "encoding: utf-8" + CHINESE)


def test_the_first_example_of_the_documentation(
    bring: Bring, database: sa.Engine, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text("utf-8")
    header = re.search(r"A sheet 商机.xlsx has the columns (.*)\.\n", page)
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert header is not None
    assert example is not None
    row = 'A1,海尔,2024年3月5日,商务谈判,"1,200",张伟,05/03/2024,输单,华东,价格,2024-03-05 9:30\n'
    path = tmp_path / "商机.csv"
    path.write_text(header[1].replace(", ", ",") + "\n" + row)
    report = bring(path, example[1])
    assert (report.outcomes["lost"], report.rejected) == (1, 0)
    amount = read_frames(database, "opps")["changes"].filter(field="amount")
    assert amount["number"].to_list() == [12_000_000.0]


def test_a_mapping_may_be_written_in_gbk(bring: Bring, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(CHINESE, encoding="gbk")
    assert bring(sheet(tmp_path, *ROWS), str(mapping)).rejects is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_found(bring: Bring, tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(f"deal_id{delimiter}created_at\nD1{delimiter}2024-03-05\n")
    assert bring(path, "canonical").outcomes["open"] == 1


def test_a_workbook_says_the_same_as_a_csv(bring: Bring, tmp_path: Path) -> None:
    bring(sheet(tmp_path, *ROWS[1:]))
    path = tmp_path / "商机.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("商机")
        for place, row in enumerate((HEADER, *ROWS[1:])):
            page.write_row(place, 0, row.split(","))
    report = bring(path)
    assert report.tables["deals"].unchanged == 2
    assert report.tables["changes"].unchanged == 5


def test_parquet_written_is_the_same_when_read_and_ingested(
    bring: Bring, database: sa.Engine, tmp_path: Path
) -> None:
    bring(sheet(tmp_path, *ROWS))
    frames, folder = read_frames(database, "opps"), tmp_path / "parquet"
    write_parquet(frames, folder, load_pipeline(database, "opps"))
    again = {name: pl.read_parquet(folder / f"{name}.parquet") for name in frames}
    assert all(again[name].equals(frame) for name, frame in frames.items())
    report = bring(folder, "canonical")
    assert {t.accepted + t.changed + t.rejected for t in report.tables.values()} == {0}
    assert open_tables(folder, "opps", "duckdb").deals.collect().shape[0] == 3


def test_unknown_pipelines_and_mappings_are_named(bring: Bring, database, tmp_path: Path) -> None:
    bring(sheet(tmp_path, *ROWS))
    with pytest.raises(NotFound, match="did you mean opps"):
        open_tables(database, "ops")
    with pytest.raises(NotFound, match="did you mean maven_crm"):
        load_mapping("maven_cmr")
    with pytest.raises(NotFound, match="no such file"):
        bring(tmp_path / "absent.csv")


@pytest.mark.slow
def test_the_loan_log(bring: Bring, database: sa.Engine, shared_data: Path) -> None:
    log = shared_data / "loan_pipeline" / "events.csv.gz"
    first = bring(log, "loan_pipeline", "loans")
    assert first.outcomes == {"won": 1530, "lost": 7820, "open": 853}
    before = read_frames(database, "loans")
    again = bring(log, "loan_pipeline", "loans")
    assert {t.accepted + t.changed + t.rejected for t in again.tables.values()} == {0}
    after = read_frames(database, "loans")
    assert all(after[name].equals(frame) for name, frame in before.items())
    # the brief's count of deals open at an origin in the middle of the log
    origin = parse_moment("2011-12-15")
    known = open_tables(database, "loans").known_by(origin).deals.collect()
    assert known.filter(known["outcome"] == "open").shape[0] == 697
    activities = before["activities"]
    assert set(activities["status"]) == {"planned", "started", "done"}
    assert not activities["owner_id"].drop_nulls().str.contains(r"\.0$").any()


def test_the_maven_sheets(bring: Bring, database: sa.Engine, shared_data: Path) -> None:
    report = bring(shared_data / "maven_crm", "maven_crm", "maven")
    assert sum(report.outcomes.values()) == 8800
    assert report.outcomes["won"] + report.outcomes["lost"] == 6711
    deals = read_frames(database, "maven")["deals"]
    assert "GTXPro" not in set(deals["product"])


STREAM = """
import resource, sys
from pathlib import Path
import data.spool
from data.database import open_database
from data.ingest import ingest
from data.mapping import load_mapping
from data.settings import Settings

data.spool.PARTITION_BYTES = 1 << 22
source, workspace = map(Path, sys.argv[1:])
engine = open_database(Settings(workspace=workspace))
report = ingest(source, load_mapping("canonical"), "big", engine, workspace / "rejects")
print(sum(report.outcomes.values()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def stream(path: Path, rows: int) -> Path:
    with path.open("w") as file:
        file.write("deal_id,created_at,title\n")
        title = "x" * 180
        for row in range(rows):
            file.write(f"D{row:07},2024-03-05T10:00:00Z,{title}{row}\n")
    return path


@pytest.mark.slow
def test_memory_does_not_grow_with_the_stream(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        source = stream(tmp_path / "deals.csv", rows)
        command = [sys.executable, "-c", STREAM, source, tmp_path / f"workspace-{rows}"]
        deals, megabytes = map(int, subprocess.check_output(command, text=True).split())
        assert deals == rows
        return megabytes

    # 100 MB more of text. Measured: 230 MB more while caches fill (and no more up to 400 MB of
    # text), but 700 MB more when all of it is one partition.
    assert peak(540_000) - peak(40_000) < 350


@pytest.mark.slow
def test_killed_halfway_and_run_again_is_as_if_never_killed(tmp_path: Path) -> None:
    source = stream(tmp_path / "deals.csv", 60_000)
    command = [sys.executable, "-c", STREAM, source, tmp_path / "killed"]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE)
    log = tmp_path / "killed" / "dealcast.db-wal"
    while killed.poll() is None and not (log.exists() and log.stat().st_size > 1_000_000):
        time.sleep(0.005)
    assert killed.poll() is None, "it was done before it could be killed"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    engine = open_database(Settings(workspace=tmp_path / "killed"))
    with engine.connect() as connection:
        count = sa.select(sa.func.count()).select_from(contract_tables["deals"])
        assert connection.execute(count).scalar() == 0
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*command[:-1], tmp_path / "whole"], check=True, stdout=subprocess.DEVNULL)
    other = open_database(Settings(workspace=tmp_path / "whole"))
    ours, theirs = read_frames(engine, "big"), read_frames(other, "big")
    assert ours["deals"].height == 60_000
    assert all(ours[n].sort(pl.all()).equals(f.sort(pl.all())) for n, f in theirs.items())
    engine.dispose()
    other.dispose()
