"""The bundles that serve: of each pipeline the one its `champion` file names, kept loaded."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic_ns
from typing import Final, TypeAlias

import structlog

from data.errors import DealcastError, NotFound, NotReady, did_you_mean
from features.catalogue import Family
from models.bundle import CHAMPION, Bundle, champion
from serving.scorer import Scorer

Stamp: TypeAlias = tuple[int, int, int]
_LOOK_NS: Final = 1_000_000
"""How long a file that was looked at is taken to be the same: a stat is a tenth of a short call."""
log = structlog.get_logger()


@dataclass
class Champions:
    """Loads champions when first asked for and again when another is named.

    A request keeps the scorer that it was given, so a swap never mixes two bundles in one
    answer. A bundle that cannot be loaded is refused, and the one before it goes on serving.

    Attributes:
        folder: the workspace's bundles, a folder for each pipeline.
        threads: threads of one scoring, where there are many rows.
        custom: the workspace's own features.
        workers: see `Scorer`.
    """

    folder: Path
    threads: int = 1
    custom: tuple[Family, ...] = ()
    workers: int = 1
    _loaded: dict[str, tuple[Stamp, Scorer]] = field(default_factory=dict)
    _looked: dict[str, tuple[int, Stamp]] = field(default_factory=dict)
    _loading: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Note where they are: it is looked there at nearly each request."""
        self._root = str(self.folder)

    def pipelines(self) -> list[str]:
        """Return the names of the pipelines that have a champion."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{CHAMPION}"))

    def load(self) -> None:
        """Load all, so that no request waits; what cannot be loaded is told where it is asked."""
        for pipeline in self.pipelines():
            with suppress(DealcastError):
                self.scorer(pipeline)

    def at_hand(self, pipeline: str) -> Scorer | None:
        """Return what `scorer` would, if that needs no loading; None where it does.

        Raises:
            NotFound: the pipeline has no champion.
        """
        loaded = self._loaded.get(pipeline)
        return loaded[1] if loaded and loaded[0] == self._stamp(pipeline) else None

    def scorer(self, pipeline: str) -> Scorer:
        """Return the scorer of a pipeline's champion.

        Raises:
            NotFound: the pipeline has no champion.
            NotReady: its first bundle cannot be loaded.

        """
        stamp = self._stamp(pipeline)
        loaded = self._loaded.get(pipeline)
        if loaded is None or loaded[0] != stamp:
            with self._loading:
                loaded = self._load(pipeline, stamp)
        return loaded[1]

    def _stamp(self, pipeline: str) -> Stamp:
        """Tell one state of the champion file from another, at the price of a stat at most."""
        looked = self._looked.get(pipeline)
        if looked is not None and monotonic_ns() - looked[0] < _LOOK_NS:
            return looked[1]
        at = monotonic_ns()
        try:
            stat = os.stat(f"{self._root}/{pipeline}/{CHAMPION}")
        except OSError:
            raise NotFound(
                "no champion serves this pipeline",
                field="pipeline",
                value=pipeline,
                allowed=", ".join(self.pipelines()) or "none yet",
                remedy=did_you_mean(pipeline, self.pipelines())
                or f"train one: dealcast train --pipeline {pipeline}"[:200],
            ) from None
        stamp = stat.st_mtime_ns, stat.st_ino, stat.st_size
        self._looked[pipeline] = at, stamp
        return stamp

    def _load(self, pipeline: str, stamp: Stamp) -> tuple[Stamp, Scorer]:
        before = self._loaded.get(pipeline)
        if before is not None and before[0] == stamp:  # another thread was first
            return before
        try:
            bundle = Bundle.load(champion(self.folder / pipeline), self.custom)
            scorer = Scorer(bundle, self.threads, self.workers).at_hand()
        except Exception as error:  # whatever it is, what serves goes on
            if before is None:
                raise NotReady(
                    f"the champion of {pipeline} cannot be loaded",
                    remedy=f"train or promote another; {error}",
                ) from error
            log.error("champion refused, the one before goes on", pipeline=pipeline, why=str(error))
            scorer = before[1]
        self._loaded[pipeline] = stamp, scorer
        return stamp, scorer
