"""What each run is judged by, and how far from ours it came out on the same deals."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.quality.contenders import OURS
from benchmarks.quality.race import PROBABILITIES, RECORD
from benchmarks.quality.task import Answers, Task, days_to_json, load_answers
from models.curve import Array
from training.metrics import Draws, log_losses

_LEAST: Final = 1e-6
"""No contender gives an outcome less than this: one zero of a forest would decide the race."""
TRUTH: Final = "true_curves"
"""The simulator's own chances, which nobody can beat in expectation."""
Record = dict[str, Any]


def judged(results: Path, tasks: Path) -> list[Record]:
    """Judge all runs under `results`, in the order of their names; failures keep their error."""
    records = [
        json.loads(one.read_text("utf-8")) | {"at": str(one.parent)}
        for one in sorted(results.glob(f"*/{RECORD}"))
    ]
    for dataset in sorted({record["dataset"] for record in records}):
        task, answers = Task.load(tasks / dataset), load_answers(tasks / dataset)
        of_task = [record for record in records if record["dataset"] == dataset]
        if len(answers.truth):
            truth = _truth(dataset)
            records.append(truth)
            truth |= _figures(answers.truth, task, answers)
        for record in of_task:
            if record["error"] is None:
                said = np.load(Path(record["at"]) / PROBABILITIES)
                record |= _figures(said, task, answers)
        _compare(of_task, answers)
    for record in records:
        record.pop("at", None)
        record.pop("losses", None)
    return records


def _truth(dataset: str) -> Record:
    return {"dataset": dataset, "contender": TRUTH, "clock_s": None, "seed": None, "error": None}


def _figures(said: Array, task: Task, answers: Answers) -> Record:
    """Return figures by horizon, and the losses [deals, horizons] that they come from."""
    clipped = np.clip(said, _LEAST, None)
    chances = clipped / clipped.sum(axis=2, keepdims=True)
    losses = np.column_stack(
        [log_losses(chances[:, at], answers.target[:, at]) for at in range(len(task.horizons))]
    )
    won = answers.target == 1
    return {
        "horizons": days_to_json(task.horizons),
        "rows": len(task.train.x),
        "columns": task.train.x.shape[1],
        "deals": len(losses),
        "log_loss": float(losses.mean()),
        "log_loss_at": losses.mean(axis=0).tolist(),
        "auc_won_at": [
            float(roc_auc_score(won[:, at], chances[:, at, 1]))
            if 0 < won[:, at].mean() < 1
            else None
            for at in range(won.shape[1])
        ],
        "won_said_by_came_at": [
            float(chances[:, at, 1].sum() / count) if count else None
            for at, count in enumerate(won.sum(axis=0))
        ],
        "losses": losses,
    }


def _compare(records: list[Record], answers: Answers) -> None:
    """Say how much more each lost than ours with the same seed: below 0 it beat us."""
    draws = Draws(answers.groups)
    ours = {one["seed"]: one for one in records if one["contender"] == OURS and "losses" in one}
    for record in records:
        base = ours.get(record["seed"])
        if base is None or base is record or "losses" not in record:
            continue
        # a deal counts with its mean over the horizons, as in the backtest
        theirs, own = (one["losses"].mean(axis=1) for one in (record, base))
        record["more_than_ours"] = asdict(draws.mean(answers.groups, theirs - own))
