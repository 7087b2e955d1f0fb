"""A user's own features: files of the workspace's folder `features`, and installed packages.

A file is the workspace owner's own code and runs as such. A bundle brings none: it names the
files that its features come from (`Feature.origin`), and they must be there where it scores.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

import polars as pl

from data.errors import BadInput
from data.tables import Tables
from features.catalogue import Family
from features.compute import compute
from features.context import Context

ENTRY_POINTS: Final = "dealcast.features"
"""The group under which a package names its families."""


def load(folder: Path) -> tuple[Family, ...]:
    """Return the families of a folder's files and of the installed packages.

    Args:
        folder: of files whose names end in .py, each with a `Family` at its top; need not exist.

    Raises:
        BadInput: a file cannot be run, or has no family; a package names something else.
    """
    return (*_installed(), *(one for path in sorted(folder.glob("*.py")) for one in _of(path)))


def try_out(tables: Tables, context: Context) -> None:
    """Compute each of a context's custom features by itself, of no deal at all.

    Raises:
        BadInput: one that cannot be computed.
    """
    nobody = tables.put(pl.DataFrame(schema={"deal_id": pl.String, "as_of": pl.Int64}))
    for feature, definition in (entry for one in context.custom for entry in one.entries):
        try:
            compute(tables, nobody, replace(context, custom=(Family([(feature, definition)]),)))
        except BadInput:
            raise
        except Exception as error:  # whatever the function's own lines, or the engine, raise
            why = str(error).strip().partition("\n")[0][:120]
            raise _unusable(
                f"{feature.name} of {feature.origin}",
                f"{type(error).__name__}: {why}",
                "a function that returns a Narwhals expression of History's answers and of the "
                "columns that docs/features.md names; none of how the deal ended",
            ) from error


def _of(path: Path) -> Iterator[Family]:
    origin = f"{path.parent.name}/{path.name}"
    families = [one for one in vars(_run(path, origin)).values() if isinstance(one, Family)]
    if not any(family.entries for family in families):
        raise _unusable(origin, "it has no family with a feature")
    return (family.of(origin) for family in families)


def _run(path: Path, origin: str) -> ModuleType:
    spec = spec_from_file_location(f"dealcast_features_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise _unusable(origin, "Python cannot read it")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BadInput:
        raise
    except Exception as error:  # whatever the file's own lines raise
        why = f"{type(error).__name__}: {error}"
        raise _unusable(origin, why, "a file that Python can run") from error
    return module


def _installed() -> Iterator[Family]:
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda one: one.name):
        family = point.load()
        if not isinstance(family, Family):
            raise _unusable(point.value, "the package names something else than a Family")
        yield family.of(point.dist.name if point.dist else point.value)


def _unusable(
    origin: str, why: str, allowed: str = "a Family at the top, with a feature entered in it"
) -> BadInput:
    return BadInput(
        "features of your own that cannot be used",
        field="features",
        value=origin,
        allowed=allowed,
        remedy=f"{why}; see docs/features.md",
    )
