"""The desks that are read: of each pipeline the current one, kept in memory while it is."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from data.errors import BadInput
from serving.access.reach import EVERYTHING, Reach
from serving.desk.build import Desk
from serving.desk.store import CURRENT, current, read
from serving.desk.view import View
from serving.insights.scope import Scope

_VIEWS: Final = 32
"""Views that are kept, those asked for last."""
_RENEWED: Final = 8
"""Views of the old desk, those asked for last, that are prepared of a new one."""
_Key: TypeAlias = tuple[str, Reach, Scope, str | None]
_Stamp: TypeAlias = tuple[int, int]


@dataclass
class Desks:
    """Loads desks when first asked for, and again when another is named current.

    A request keeps the desk that it was given, so no answer mixes two.

    Attributes:
        folder: the workspace's desks, a folder for each pipeline.
        follows: whether a request reads a desk that is newly named current; otherwise it gets the
            one before, until `renew` has taken the new one up.
    """

    folder: Path
    follows: bool = True
    _loaded: dict[str, tuple[_Stamp, Desk]] = field(default_factory=dict)
    _prepared: dict[str, _Stamp] = field(default_factory=dict)
    _views: OrderedDict[_Key, View] = field(default_factory=OrderedDict)
    _loading: Lock = field(default_factory=Lock)

    def desk(self, pipeline: str) -> Desk:
        """Return a pipeline's current desk.

        Raises:
            NotFound: it has none yet.
        """
        loaded = self._loaded.get(pipeline)
        if loaded is not None and not self.follows:
            return loaded[1]
        stamp = self._stamp(pipeline)
        if loaded is None or loaded[0] != stamp:
            with self._loading:
                loaded = self._loaded.get(pipeline)
                if loaded is None or loaded[0] != stamp:
                    loaded = self._loaded[pipeline] = stamp, read(self.folder / pipeline)
        return loaded[1]

    def pipelines(self) -> list[str]:
        """Return the pipelines that have a desk."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{CURRENT}"))

    def renew(self, pipeline: str, prepare: Callable[[View], None]) -> bool:
        """Take up a desk that is newly named current, once what pages ask for is found of it.

        Prepared are the whole pipeline and the views of the old desk that were asked for last.
        Until then requests are answered of the old desk, which says its moment.

        Args:
            pipeline: whose desk.
            prepare: finds what pages ask of a view.

        Returns:
            Whether there was a new one.

        Raises:
            NotFound: it has none.
        """
        stamp, loaded = self._stamp(pipeline), self._loaded.get(pipeline)
        if self._prepared.get(pipeline) == stamp:
            return False
        desk = loaded[1] if loaded and loaded[0] == stamp else read(self.folder / pipeline)
        views = {key: self._view(desk, key) for key in self._asked(pipeline)}
        if loaded is None:  # there is nothing older to answer of: requests share what is found
            self._take_up(pipeline, stamp, desk, views)
        for key, view in list(views.items()):
            try:
                prepare(view)
            except BadInput:  # a seller or a word that the new desk does not have
                del views[key]
        self._take_up(pipeline, stamp, desk, views)
        self._prepared[pipeline] = stamp
        return True

    def _view(self, desk: Desk, key: _Key) -> View:
        """Return the view that is kept of a desk, or else a new one."""
        kept = self._views.get(key)
        return kept if kept is not None and kept.desk is desk else View(desk, *key[1:])

    def _take_up(self, pipeline: str, stamp: _Stamp, desk: Desk, views: dict[_Key, View]) -> None:
        with self._loading:
            self._loaded[pipeline] = stamp, desk
            others = {k: v for k, v in self._views.items() if k[0] != pipeline or v.desk is desk}
            self._views = OrderedDict(others | views)  # none that would keep an old desk

    def _stamp(self, pipeline: str) -> _Stamp:
        folder = self.folder / pipeline
        current(folder)
        stat = (folder / CURRENT).stat()
        return stat.st_mtime_ns, stat.st_ino

    def _asked(self, pipeline: str) -> list[_Key]:
        whole: _Key = (pipeline, EVERYTHING, Scope(), None)
        with self._loading:
            others = [key for key in self._views if key[0] == pipeline and key != whole]
        return [*others[-_RENEWED:], whole]

    def view(self, pipeline: str, reach: Reach, asked: Scope, currency: str | None = None) -> View:
        """Return a view of the current desk: what was found of it already stays found.

        Raises:
            NotFound: there is no desk yet.
        """
        desk, key = self.desk(pipeline), (pipeline, reach, asked, currency)
        with self._loading:
            view = self._views[key] = self._view(desk, key)
            self._views.move_to_end(key)
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        return view
