"""The bundles that serve: of each pipeline the one its `champion` file names, kept loaded."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
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

    While another is loaded, which takes about a second, the one before goes on answering; so it
    does where the other cannot be loaded. A request keeps the scorer that it was given, so a swap
    never mixes two bundles in one answer.

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
    _aside: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1, "champion"))
    _swaps: dict[str, Future[Scorer]] = field(default_factory=dict)

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
        stamp = self._stamp(pipeline)
        loaded = self._loaded.get(pipeline)
        if loaded is None:
            return None
        if loaded[0] != stamp:
            self._swap(pipeline, stamp)
        return loaded[1]

    def scorer(self, pipeline: str) -> Scorer:
        """Return the scorer of a pipeline's champion.

        Raises:
            NotFound: the pipeline has no champion.
            NotReady: its first bundle cannot be loaded.

        """
        return self.at_hand(pipeline) or self._load(pipeline, self._stamp(pipeline))

    def _swap(self, pipeline: str, stamp: Stamp) -> None:
        """Have another champion loaded by a thread, unless that is being done."""
        swap = self._swaps.get(pipeline)
        if swap is None or swap.done():
            self._swaps[pipeline] = self._aside.submit(self._load, pipeline, stamp)

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

    def _load(self, pipeline: str, stamp: Stamp) -> Scorer:
        with self._loading:
            before = self._loaded.get(pipeline)
            if before is not None and before[0] == stamp:  # another thread was first
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
                log.error(
                    "champion refused, the one before goes on", pipeline=pipeline, why=str(error)
                )
                scorer = before[1]
            self._loaded[pipeline] = stamp, scorer
            return scorer
