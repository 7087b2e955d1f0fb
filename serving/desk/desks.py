"""The desks that are read: of each pipeline the current one, kept in memory while it is."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from serving.desk.build import Desk
from serving.desk.store import CURRENT, current, read


@dataclass
class Desks:
    """Loads desks when first asked for, and again when another is named current.

    A request keeps the desk that it was given, so no answer mixes two.

    Attributes:
        folder: the workspace's desks, a folder for each pipeline.
    """

    folder: Path
    _loaded: dict[str, tuple[tuple[int, int], Desk]] = field(default_factory=dict)
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
