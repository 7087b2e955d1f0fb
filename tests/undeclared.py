"""The public data as if nobody had said which columns give the outcome away."""

import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from rich.progress import Progress

from data.contract import Pipeline
from data.mapping import Mapping, load_mapping
from data.mapping.columns import AttributeSpec
from data.mapping.spreadsheet import Spreadsheet, TableSpec
from data.records import normalise
from data.spool import Spool
from data.tables import Tables, lazy_tables


def undeclared(name: str, source: Path) -> tuple[Tables, Pipeline]:
    """Read a public data set by its shipped mapping, with every column of its deals fixed.

    Columns have the source's own names, the outcome's among them.
    """
    mapping = load_mapping(name)
    assert isinstance(mapping, Spreadsheet)
    specs = [_all_fixed(s, source) if s.table == "deals" else s for s in mapping.tables]
    return _read_by(mapping.model_copy(update={"tables": tuple(specs)}), name, source)


def declared(name: str, source: Path) -> tuple[Tables, Pipeline]:
    """Read a public data set by its shipped mapping, as it is."""
    return _read_by(load_mapping(name), name, source)


def _read_by(mapping: Mapping, name: str, source: Path) -> tuple[Tables, Pipeline]:
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder), mapping, source)
        spool.fill(lambda _: None, Progress(disable=True))
        pipeline = mapping.settings(name, source, spool.columns)
        parts = [normalise(mapping.records(f), pipeline).frames for f in spool.partitions() if f]
    frames = {table: pl.concat([part[table] for part in parts]) for table in parts[0]}
    return lazy_tables(frames, pipeline), pipeline


def _all_fixed(spec: TableSpec, source: Path) -> TableSpec:
    types = dict(_read(source, spec.file or "*").schema)
    if spec.join is not None:
        joined = _read(source, spec.join.file).drop(spec.join.by)
        spec = spec.model_copy(
            update={"join": spec.join.model_copy(update={"take": tuple(joined.columns)})}
        )
        types |= joined.schema
    used = {
        spec.columns[key].column for key in ("deal_id", "source", "product") if key in spec.columns
    }
    attributes = {
        column: AttributeSpec(
            column=column, type="number" if kind.is_numeric() else "text", policy="fixed"
        )
        for column, kind in types.items()
        if column not in used and column.strip()
    }
    return spec.model_copy(update={"attributes": attributes})


def _read(source: Path, pattern: str) -> pl.DataFrame:
    archives = list(source.glob("*.zip"))
    if archives:
        with zipfile.ZipFile(archives[0]) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith(pattern) and "MACOS" not in n)
            return pl.read_csv(BytesIO(archive.read(name)), separator=";", infer_schema_length=None)
    (file,) = source.glob(pattern)
    return pl.read_csv(file, infer_schema_length=None)
