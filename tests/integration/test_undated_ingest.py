"""Tables without dates, columns in another file, files in an archive: what comes in."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.contract import Pipeline
from data.errors import BadInput
from data.ingest import Report, ingest
from data.mapping import load_mapping, parse_mapping
from data.moments import parse_moment
from data.settings import Settings
from data.tables import load_pipeline, read_frames, write_parquet

Bring = Callable[..., Report]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace")  # what is new here is above the database


@pytest.fixture
def bring(database: sa.Engine, settings: Settings) -> Bring:
    def run(source: Path, mapping: str, pipeline: str = "leads") -> Report:
        loaded = load_mapping(mapping) if "\n" not in mapping else parse_mapping(mapping)
        return ingest(source, loaded, pipeline, database, settings.workspace / "rejects")

    return run


UNDATED = """
kind: spreadsheet
pipeline: {dated: false}
tables:
  - table: deals
    columns:
      deal_id: id
      created_at: {order: number}
      outcome: {column: state, words: {yes: won, no: lost}, otherwise: open}
    attributes:
      closed: {column: closed, policy: final}
""".replace("yes", '"yes"').replace("no:", '"no":')
SHEET = "id,number,state,closed\nB,12,no,2024-01-01\nA,7.0,yes,\nC,13,,\nD,x,no,\nE,-1,no,\n"


def test_a_record_without_dates_has_a_place_and_its_closing_no_time(
    bring: Bring, database: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(SHEET)
    report = bring(path, UNDATED)
    assert report.outcomes == {"won": 1, "lost": 1, "open": 1}
    assert report.rejected == 2  # x and -1 are no places
    assert not load_pipeline(database, "leads").dated
    deals = read_frames(database, "leads")["deals"].sort("deal_id")
    assert deals["created_at"].to_list() == [7, 12, 13]
    assert deals["closed_at"].to_list() == deals["closed_recorded_at"].to_list() == [7, 12, None]


def test_a_closing_date_has_no_place_in_it(
    bring: Bring, database: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(SHEET)
    bring(path, UNDATED)
    frames = read_frames(database, "leads")
    write_parquet(frames, tmp_path / "again", load_pipeline(database, "leads"))
    assert bring(tmp_path / "again", "canonical").tables["deals"].unchanged == 3
    dated = frames["deals"].with_columns(closed_at=parse_moment("2024-01-01"))
    write_parquet({"deals": dated}, tmp_path / "dated", Pipeline(name="leads", dated=False))
    with pytest.raises(BadInput, match="every row was refused"):
        bring(tmp_path / "dated", "canonical")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{dated: false}", "{}", "an order is no date: say `dated: false`"),
        ("outcome:", "closed_at: closed\n      outcome:", "not dated has no closing date"),
        ("{order: number}", "{order: number, row: true}", "give either column or constant"),
        ("attributes", "join: {file: x.csv, take: [a]}\n    attributes", "tables.0.join.by"),
    ],
)
def test_a_mapping_that_contradicts_itself(old: str, new: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_mapping(UNDATED.replace(old, new))


JOINED = """
kind: spreadsheet
pipeline: {dated: false}
tables:
  - table: deals
    file: leads*.csv
    join: {file: won*.csv, by: lead, take: [signed]}
    columns:
      deal_id: {column: id, remove: "^L-"}
      created_at: {row: true}
      outcome: {column: signed, filled: won, otherwise: lost}
"""


def test_columns_of_another_file_stand_beside_the_deals(
    bring: Bring, database: sa.Engine, tmp_path: Path
) -> None:
    (tmp_path / "leads.csv").write_text("id,signed\nL-1,never\nL-2,never\nL-3,never\n")
    (tmp_path / "won_1.csv").write_text("lead,signed,more\nL-3,2024-01-01,x\n")
    (tmp_path / "won_2.csv").write_text("lead,signed\n1,2024-01-02\nL-9,2024-01-02\n")
    assert bring(tmp_path, JOINED).outcomes == {"won": 2, "lost": 1, "open": 0}
    deals = read_frames(database, "leads")["deals"].sort("deal_id")
    assert deals["deal_id"].to_list() == ["1", "2", "3"]
    assert deals["outcome"].to_list() == ["won", "lost", "won"]
    assert deals["created_at"].to_list() == [2, 3, 4]  # as a spreadsheet numbers them


def test_without_the_other_file_nothing_is_lost_by_silence(bring: Bring, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id\nL-1\n")
    for source in (tmp_path, tmp_path / "leads.csv"):
        with pytest.raises(BadInput, match=r"no file has the name.*won"):
            bring(source, JOINED)


def test_an_archive_counts_as_the_files_in_it(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/leads.csv", SHEET)
        archive.writestr("__MACOSX/export/._leads.csv", b"\x00\x05")
        archive.writestr("export/read me.md", "x")
    for source in (path, tmp_path):
        assert sum(bring(source, UNDATED).outcomes.values()) == 3
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(BadInput, match=r"export\.zip.*save it anew"):
        bring(path, UNDATED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "won", "lost", "rejected"),
    [
        ("ibm_win_loss", 17_548, 60_281, 196),  # the rows whose id was there before
        ("olist_funnel", 842, 7_158, 0),
        ("bank_marketing", 4_640, 36_548, 0),
        ("x_education", 3_561, 5_679, 0),
    ],
)
def test_the_public_tables(
    bring: Bring, shared_data: Path, name: str, won: int, lost: int, rejected: int
) -> None:
    report = bring(shared_data / name, name, name)
    assert report.outcomes == {"won": won, "lost": lost, "open": 0}
    assert report.rejected == rejected
