"""Feast's point-in-time join: `python -m benchmarks.features.peers.feast_join TASK OUT`.

It can say what was held: the latest row of each view as of each snapshot. Counts, windows and
what stands of others would have to be computed before, so they are not its part.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, String

DAY = 86_400_000_000
VIEWS = {"stage": "value", "amount": "number", "expected_close_at": "number"}
_FOREVER = timedelta(days=36_500)


def main(task: Path, out: Path) -> None:
    """Join the latest stage, amount, stated close date and activity of each snapshot."""
    out.mkdir(parents=True)
    work = out / "feast"
    work.mkdir()
    deal = Entity(name="deal", join_keys=["deal_id"], value_type=ValueType.STRING)
    views = [_view(deal, name, frame, work) for name, frame in _sources(task).items()]
    store = FeatureStore(config=_config(work))
    store.apply([deal, *views])
    snapshots = pd.read_parquet(task / "snapshots.parquet")
    snapshots["event_timestamp"] = _moments(snapshots["as_of"])
    names = [f"{view.name}:{field.name}" for view in views for field in view.features]
    rows = store.get_historical_features(entity_df=snapshots, features=names).to_df()
    rows["to_stated_close"] = (rows.pop("expected_close_at") - rows["as_of"]) * (1 / DAY)
    rows.drop(columns="event_timestamp").to_parquet(out / "all.parquet")


def _sources(task: Path) -> dict[str, pd.DataFrame]:
    changes = pd.read_parquet(
        task / "changes.parquet", columns=["deal_id", "field", "recorded_at", "value", "number"]
    )
    found = {}
    for field, column in VIEWS.items():
        of = changes[changes["field"] == field]
        found[field] = of[["deal_id", "recorded_at", column]].rename(columns={column: field})
    activities = pd.read_parquet(
        task / "activities.parquet", columns=["deal_id", "recorded_at", "kind", "status"]
    )
    found["activity"] = activities.rename(columns={"kind": "last_kind", "status": "last_status"})
    return found


def _view(deal: Entity, name: str, frame: pd.DataFrame, work: Path) -> FeatureView:
    file = work / f"{name}.parquet"
    frame.assign(event_timestamp=_moments(frame["recorded_at"])).drop(
        columns="recorded_at"
    ).to_parquet(file)
    said = [column for column in frame.columns if column not in ("deal_id", "recorded_at")]
    return FeatureView(
        name=name,
        entities=[deal],
        ttl=_FOREVER,
        schema=[Field(name=one, dtype=_type(frame[one])) for one in said],
        source=FileSource(path=str(file.resolve()), timestamp_field="event_timestamp"),
        online=False,
    )


def _type(column: "pd.Series[Any]") -> Any:
    return Float64 if column.dtype.kind == "f" else String


def _moments(micros: "pd.Series[int]") -> "pd.Series[Any]":
    return pd.to_datetime(micros, unit="us", utc=True)


def _config(work: Path) -> RepoConfig:
    return RepoConfig(
        project="made",
        provider="local",
        registry=str(work / "registry.db"),
        offline_store={"type": "file"},
        online_store=None,
        entity_key_serialization_version=3,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
