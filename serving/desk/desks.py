"""The desks that are read: of each pipeline the current one, kept in memory while it is."""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from serving.access.reach import Reach
from serving.desk.build import Desk
from serving.desk.store import CURRENT, current, read
from serving.desk.view import View
from serving.insights.scope import Scope

_VIEWS: Final = 32
"""Views that are kept, those asked for last."""


@dataclass
class Desks:
    """Loads desks when first asked for, and again when another is named current.

    A request keeps the desk that it was given, so no answer mixes two.

    Attributes:
        folder: the workspace's desks, a folder for each pipeline.
    """

    folder: Path
    _loaded: dict[str, tuple[tuple[int, int], Desk]] = field(default_factory=dict)
    _views: OrderedDict[tuple[str, Reach, Scope, str | None], View] = field(
        default_factory=OrderedDict
    )
    _loading: Lock = field(default_factory=Lock)

    def desk(self, pipeline: str) -> Desk:
        """Return a pipeline's current desk.

        Raises:
            NotFound: it has none yet.
        """
        folder = self.folder / pipeline
        current(folder)
        stat = (folder / CURRENT).stat()
        stamp = (stat.st_mtime_ns, stat.st_ino)
        loaded = self._loaded.get(pipeline)
        if loaded is None or loaded[0] != stamp:
            with self._loading:
                loaded = self._loaded.get(pipeline)
                if loaded is None or loaded[0] != stamp:
                    loaded = self._loaded[pipeline] = stamp, read(folder)
        return loaded[1]

    def view(self, pipeline: str, reach: Reach, asked: Scope, currency: str | None = None) -> View:
        """Return a view of the current desk: what was found of it already stays found.

        Raises:
            NotFound: there is no desk yet.
        """
        desk, key = self.desk(pipeline), (pipeline, reach, asked, currency)
        with self._loading:
            view = self._views.pop(key, None)
            if view is None or view.desk is not desk:
                view = View(desk, reach, asked, currency)
            self._views[key] = view
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        return view
