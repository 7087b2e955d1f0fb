"""The bundle: a directory that says everything needed to score, with no pickle in it.

    card.json       what this is: pipeline, as_of, horizons, evidence, hashes of the rest
    model.json      bin edges, encoder, calibration, context, catalogue; the first three if there
                    is a model
    baseline.json   the stage baseline, to stand beside the model or in for it
    amount.json     what final amounts are of the amounts before
    usual.json      medians of the features, which reasons set a deal's facts against
    won-0.txt …     the boosters as LightGBM's text, by bag

The name ends in a hash of the card, so a bundle that was changed in any part does not load.
"""

import json
import math
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import lightgbm as lgb
import polars as pl

from data.contract import Pipeline
from data.errors import NotFound
from data.moments import iso_date
from features.catalogue import Family, Feature
from features.context import Context
from models.amount import AmountModel, current
from models.baselines import StageAalenJohansen
from models.curve import Array, Curves
from models.hazard import HazardModel
from models.reasons import Explanation, explain
from models.seal import seal, unseal, write_json
from models.usual import Usual
from models.win import WinModel

CHAMPION = "champion"
"""The file beside a pipeline's bundles that names the one that serves."""

Serves = Literal["model", "baseline"]
Model: TypeAlias = HazardModel | WinModel


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    Attributes:
        name: unique, with the pipeline, the date it knows up to, and a hash.
        card: what it says of itself, JSON values: at least pipeline (settings), as_of_moment,
            horizons_days, serves and amounts; with them whatever its maker adds as evidence.
        context: the pipeline's vocabularies, for computing features.
        features: the catalogue in the order of its columns.
        model: the hazards, or who is won where records have no dates; None where the history is
            too short for one.
        baseline: the stage baseline.
        amount: the amount at close.
        usual: what reasons set a deal's facts against.
    """

    name: str
    card: dict[str, Any]
    context: Context
    features: list[Feature]
    model: Model | None
    baseline: StageAalenJohansen
    amount: AmountModel
    usual: Usual

    @cached_property
    def pipeline(self) -> Pipeline:
        """The settings of the pipeline it was trained for."""
        return Pipeline.model_validate(self.card["pipeline"])

    @property
    def as_of(self) -> int:
        """The moment up to which it knows, as a moment."""
        return int(self.card["as_of_moment"])

    @property
    def horizons_days(self) -> tuple[int, ...]:
        """Days ahead at which it was judged; none where timing is unknown."""
        return tuple(self.card["horizons_days"])

    @property
    def serves(self) -> Serves:
        """Whether the model answers, or the baseline in its stead."""
        serves: Serves = self.card["serves"]
        return serves

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """The stages it knows: the ladder, and others that deals stood in when it was trained."""
        seen = (stage for stage in self.baseline.stages if stage)
        return tuple(dict.fromkeys((*self.context.stages, *seen)))

    @property
    def dated(self) -> bool:
        """Whether it says when, and not only who is won in the end."""
        return self.pipeline.dated

    @property
    def timing(self) -> str:
        """`dated` or `unknown`."""
        return "dated" if self.dated else "unknown"

    @property
    def serving(self) -> dict[str, str]:
        """What serves, and why which baseline where it does, in zh and en."""
        if self.serves == "model":
            told = {"zh": "由模型提供", "en": "the model serves"}
        else:
            why, called = self.card["why"], self.baseline.called
            told = {
                "zh": f"{why['zh']}：由{called['zh']}提供",
                "en": f"{why['en']}: the {called['en']} serves",
            }
        if not self.dated:
            told = {"zh": f"{told['zh']}；时间未知", "en": f"{told['en']}; timing unknown"}
        return told

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """What the backtest before the training found: by days ahead, then in the end."""
        found = self.card.get("evidence") or {}
        last = found.get("eventual")
        return [*found.get("horizons", []), *([last] if last else [])]

    @property
    def grades(self) -> list[dict[str, Any]]:
        """What the same backtest found of each grade."""
        grades: list[dict[str, Any]] = (self.card.get("evidence") or {}).get("grades", [])
        return grades

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, by the model or the baseline that serves."""
        served = self.model if self.model and self.serves == "model" else self.baseline
        return served.curves(rows, threads)

    def amounts(self, rows: pl.DataFrame, threads: int = 1) -> Array:
        """Return the expected amounts at close, [n]: the amounts now without skill over them.

        They are given that the deal is won; nan where it has no amount.
        """
        if self.card["amounts"] == "model":
            return self.amount.expected(rows, threads)
        return current(rows)

    def spread(self, rows: pl.DataFrame, threads: int = 1) -> list[Curves]:
        """Return the curves of feature rows by each member of the model, see `members`.

        There are none while the baseline serves, nor where timing is unknown.
        """
        if not isinstance(self.model, HazardModel) or self.serves == "baseline":
            return []
        return [member.curves(rows, threads) for member in self.model.members]

    def explain(self, rows: pl.DataFrame, threads: int = 1, top: int = 3) -> list[Explanation]:
        """Say why feature rows score as they do; nothing is said while the baseline serves.

        Args:
            rows: feature rows.
            threads: of the boosters.
            top: reasons for and reasons against, at most so many each.
        """
        if self.model is None or self.serves == "baseline":
            return [Explanation({}, []) for _ in range(len(rows))]
        middle = self.horizons_days[len(self.horizons_days) // 2] if self.dated else math.inf
        return explain(self.model, self.features, self.usual, rows, middle, top, threads)

    @classmethod
    def load(cls, path: Path, custom: tuple[Family, ...] = ()) -> Self:
        """Read a bundle after checking every file against its hash.

        Args:
            path: its directory.
            custom: the user's own features, for computing those that it asks for.

        Raises:
            NotFound, BadInput: see `models.seal.unseal`.
        """
        card = unseal(path)
        document = json.loads((path / "model.json").read_text(encoding="utf-8"))
        boosters = _boosters(path, card)
        of_amount = {name: boosters.pop(name) for name in ("amount",) if name in boosters}
        kind: type[Model] = HazardModel if "edges" in document else WinModel
        model = kind.from_dict(document, boosters) if boosters else None
        baseline, amount, usual = (
            json.loads((path / name).read_text(encoding="utf-8"))
            for name in ("baseline.json", "amount.json", "usual.json")
        )
        context = Context.from_dict(document["context"], custom)
        features = [Feature(**entry) for entry in document["catalogue"]]
        return cls(
            name=card["name"],
            card=card,
            context=context,
            features=features,
            model=model,
            baseline=StageAalenJohansen.from_dict(baseline),
            amount=AmountModel.from_dict(amount, of_amount),
            usual=Usual.from_dict(usual),
        )

    def save(self, folder: Path) -> "Bundle":
        """Write the bundle into a pipeline's folder, whole or not at all.

        Returns:
            The bundle under the name that its contents give it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
            path = Path(scratch) / "bundle"
            path.mkdir()
            self._write(path)
            name = seal(path, f"{self.pipeline.name}-{iso_date(self.as_of)}", self.card)
            if not (folder / name).exists():  # the same inputs make the same bundle
                path.rename(folder / name)
        return replace(self, name=name)

    def _write(self, path: Path) -> None:
        document = {
            **(self.model.to_dict() if self.model else {}),
            "context": self.context.to_dict(),
            "catalogue": [asdict(feature) for feature in self.features],
        }
        write_json(path / "model.json", document)
        write_json(path / "baseline.json", self.baseline.to_dict())
        write_json(path / "amount.json", self.amount.to_dict())
        write_json(path / "usual.json", self.usual.to_dict())
        bags = self.amount.bags | (self.model.bags if self.model else {})
        for name, bag in bags.items():
            for number, booster in enumerate(bag.boosters):
                booster.save_model(path / f"{name}-{number}.txt")


def _boosters(path: Path, card: dict[str, Any]) -> dict[str, tuple[lgb.Booster, ...]]:
    """Read the boosters that the card names, by bag and in their order."""
    bags: dict[str, list[int]] = {}
    for name in card["hashes"]:
        if name.endswith(".txt"):
            bag, number = name.removesuffix(".txt").split("-")
            bags.setdefault(bag, []).append(int(number))
    return {
        bag: tuple(lgb.Booster(model_file=path / f"{bag}-{n}.txt") for n in sorted(numbers))
        for bag, numbers in bags.items()
    }


def crown(path: Path) -> None:
    """Make a bundle its pipeline's champion, in one atomic step."""
    temporary = path.parent / f".{CHAMPION}-{os.getpid()}"
    temporary.write_text(path.name, encoding="utf-8")
    temporary.replace(path.parent / CHAMPION)


def champion(folder: Path) -> Path:
    """Return the path of the champion among a pipeline's bundles.

    Raises:
        NotFound: none was trained yet.
    """
    try:
        return folder / (folder / CHAMPION).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise NotFound(
            "the pipeline has no champion",
            field="pipeline",
            value=folder.name,
            remedy=f"train one: dealcast train --pipeline {folder.name}",
        ) from None
