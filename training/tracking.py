"""MLflow: the record of each training, and the registry with its aliases."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# set before mlflow is imported, which reads them then
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from mlflow import MlflowClient
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from models.bundle import Bundle
from training.backtest import Backtest
from training.plots import draw
from training.summary import summary

CHAMPION = "champion"


@dataclass(frozen=True)
class Run:
    """Where a training is recorded."""

    run_id: str
    model: str
    version: str


def track(
    tracking_uri: str,
    bundle: Bundle,
    path: Path,
    artifacts: Path,
    evidence: Backtest | None,
    parameters: Mapping[str, Any],
) -> Run:
    """Record a training and register its model as the champion.

    Args:
        tracking_uri: an MLflow server, or a database of its own.
        bundle: what was trained.
        path: the bundle's directory.
        artifacts: the folder of artifacts, for an experiment that is new.
        evidence: the backtest it is judged by, if the history allows one.
        parameters: settings of the training.
    """
    for chatty in ("alembic", "mlflow"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(tracking_uri)
    name = f"dealcast-{bundle.pipeline.name}"
    _experiment(name, artifacts)
    with mlflow.start_run(run_name=bundle.name) as run, TemporaryDirectory() as scratch:
        mlflow.log_params(dict(parameters))
        mlflow.set_tags({"bundle": bundle.name, "serves": bundle.serves})
        mlflow.log_dict(bundle.card, "card.json")
        if evidence is not None:
            mlflow.log_metrics(_metrics(evidence))
            for file in draw(evidence, Path(scratch)):
                mlflow.log_artifact(str(file), "plots")
        registered = _register(name, path, _signature(bundle))
    client = MlflowClient()
    client.set_model_version_tag(name, registered, "bundle", bundle.name)
    client.set_registered_model_alias(name, CHAMPION, registered)
    return Run(run.info.run_id, name, registered)


def promote(tracking_uri: str, pipeline: str, bundle: str) -> str | None:
    """Move the registry's champion alias to a bundle's version; None where it has none."""
    mlflow.set_tracking_uri(tracking_uri)
    name, client = f"dealcast-{pipeline}", MlflowClient()
    wanted = f"name = '{name}' AND tags.bundle = '{bundle}'"
    found = [str(one.version) for one in client.search_model_versions(wanted)]
    if not found:
        return None
    client.set_registered_model_alias(name, CHAMPION, found[0])
    return found[0]


def _experiment(name: str, artifacts: Path) -> None:
    """Keep artifacts in the workspace unless the experiment already says otherwise."""
    if mlflow.get_experiment_by_name(name) is None:
        mlflow.create_experiment(name, artifact_location=(artifacts / name).resolve().as_uri())
    mlflow.set_experiment(name)


def _metrics(evidence: Backtest) -> dict[str, float]:
    """Name each number of a card's evidence: a horizon's by its days, others by their place."""
    told = summary(evidence)
    overall = {name: told[name] for name in ("log_loss_saved", "eventual", "amounts", "dates")}
    by_horizon = {
        f"{name}_end" if one["horizon_days"] is None else f"{name}_{one['horizon_days']}d": value
        for one in told["horizons"]
        for name, value in _flat(one)
        if name != "horizon_days"
    }
    return dict(_flat(overall)) | by_horizon


def _flat(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers of nested figures under joined names."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}_")
        elif value is not None:
            yield prefix + name, value


def _signature(bundle: Bundle) -> ModelSignature:
    """Name the columns of a feature row; any fact may be missing."""
    kinds = {"number": DataType.double, "category": DataType.string}
    facts = [ColSpec(kinds[f.kind], f.name, required=False) for f in bundle.features]
    key = [ColSpec(DataType.string, "deal_id"), ColSpec(DataType.long, "as_of")]
    return ModelSignature(inputs=Schema([*key, *facts]))


def _register(name: str, path: Path, signature: ModelSignature) -> str:
    """Log the bundle as a model; requirements are named, since inferring them takes seconds."""
    needs = [f"{package}=={version(package)}" for package in ("dealcast", "lightgbm", "polars")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice to state types in the code as well
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("pyfunc.py")),
            artifacts={"bundle": str(path)},
            pip_requirements=needs,
            signature=signature,
            registered_model_name=name,
        )
    return str(info.registered_model_version)
