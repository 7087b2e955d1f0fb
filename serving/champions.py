"""The bundles that serve: of each pipeline the one its `champion` file names, kept loaded."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import structlog

from data.errors import DealcastError, NotFound, NotReady, did_you_mean
from features.catalogue import Family
from models.bundle import CHAMPION, Bundle, champion
from serving.scorer import Scorer
from serving.threads import ServiceThread

Stamp: TypeAlias = tuple[int, int, int]
log = structlog.get_logger()


@dataclass
class Champions(ServiceThread):
    """Loads champions when first asked for, and again when it sees that another is named.

    While another is loaded, which takes about a second, the one before goes on answering; so it
    does where the other cannot be loaded. A request keeps the scorer that it was given, so a swap
    never mixes two bundles in one answer.

    Attributes:
        folder: the workspace's bundles, a folder for each pipeline.
        threads: threads of one scoring, where there are many rows.
        custom: the workspace's own features.
        workers: see `Scorer`.
    """

    called = "champions"
    every_seconds = 0.25
    folder: Path
    threads: int = 1
    custom: tuple[Family, ...] = ()
    workers: int = 1
    _loaded: dict[str, tuple[Stamp, Scorer]] = field(default_factory=dict)
    _loading: dict[str, Lock] = field(default_factory=dict)

    def pipelines(self) -> list[str]:
        """Return the names of the pipelines that have a champion."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{CHAMPION}"))

    def load(self) -> None:
        """Load all, so that no request waits; what cannot be loaded is told where it is asked."""
        for pipeline in self.pipelines():
            with suppress(DealcastError):
                self.scorer(pipeline)

    def look(self) -> None:
        """Load those that are named in place of others, and forget those of which none is named.

        Raises:
            OSError: one could not be read for now; look again.
            MemoryError: the same.
        """
        passing: OSError | MemoryError | None = None
        for pipeline in list(self._loaded):
            try:
                self._load(pipeline)
            except NotFound:
                del self._loaded[pipeline]
            except (OSError, MemoryError) as error:
                passing = error
        if passing is not None:
            raise passing

    def at_hand(self, pipeline: str) -> Scorer | None:
        """Return the scorer of a pipeline's champion; None where none is loaded yet."""
        loaded = self._loaded.get(pipeline)
        return loaded and loaded[1]

    def scorer(self, pipeline: str) -> Scorer:
        """Return the scorer of a pipeline's champion.

        Raises:
            NotFound: the pipeline has no champion.
            NotReady: its first bundle cannot be loaded.

        """
        return self.at_hand(pipeline) or self._load(pipeline)

    def _round(self) -> None:
        self.look()

    def _stamp(self, pipeline: str) -> Stamp:
        """Tell one state of the champion file from another, at the price of a stat."""
        try:
            stat = os.stat(self.folder / pipeline / CHAMPION)
        except OSError:
            raise NotFound(
                "no champion serves this pipeline",
                field="pipeline",
                value=pipeline,
                allowed=", ".join(self.pipelines()) or "none yet",
                remedy=did_you_mean(pipeline, self.pipelines())
                or f"train one: dealcast train --pipeline {pipeline}"[:200],
            ) from None
        return stat.st_mtime_ns, stat.st_ino, stat.st_size

    def _load(self, pipeline: str) -> Scorer:
        """Return what is loaded of the file as it is now, and load it where it is another."""
        stamp = self._stamp(pipeline)
        with self._loading.setdefault(pipeline, Lock()):
            before = self._loaded.get(pipeline)
            if before is not None and before[0] == stamp:
                return before[1]
            try:
                bundle = Bundle.load(champion(self.folder / pipeline), self.custom)
                scorer = Scorer(bundle, self.threads, self.workers).at_hand()
            except Exception as error:  # whatever it is, what serves goes on
                if before is None:
                    raise NotReady(
                        f"the champion of {pipeline} cannot be loaded",
                        remedy=f"train or promote another; {error}",
                    ) from error
                passes = isinstance(error, OSError | MemoryError)
                if passes and not isinstance(error, FileNotFoundError):
                    raise
                log.error(
                    "champion refused, the one before goes on", pipeline=pipeline, why=str(error)
                )
                scorer = before[1]
            self._loaded[pipeline] = stamp, scorer
            return scorer
