"""Mappings: YAML that says how a source's columns become the contract's tables.

Three kinds: `canonical` (files that already speak the contract), `spreadsheet` (any columns,
renamed and translated) and `event_log` (one row an event). Each does two things: it names the
parts of a source that it reads, and turns one partition of those parts, with every row of its
deals in it, into raw frames for `data.records.normalise`.
"""

from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from data.contract import Attribute, Pipeline
from data.errors import BadInput, NotFound, did_you_mean
from data.mapping.base import Mapping, Part, first_wrong
from data.mapping.canonical import Canonical
from data.mapping.columns import AttributeSpec, ColumnSpec, Dialect
from data.mapping.event_log import EventColumns, EventLog, Outcome, Stages
from data.mapping.join import Join
from data.mapping.spreadsheet import Spreadsheet, TableSpec
from data.practice import Goal, Practice, Quota, Rate
from data.sources import detect_encoding

__all__ = ["Mapping", "Part", "load_mapping", "parse_mapping", "shipped_mappings"]

_ANY: Final[TypeAdapter[Canonical | Spreadsheet | EventLog]] = TypeAdapter(
    Annotated[Canonical | Spreadsheet | EventLog, Field(discriminator="kind")]
)
_WORDS: Final = sorted(
    {
        word
        for model in (
            Canonical,
            Spreadsheet,
            EventLog,
            TableSpec,
            Join,
            EventColumns,
            Stages,
            Outcome,
            ColumnSpec,
            AttributeSpec,
            Dialect,
            Pipeline,
            Attribute,
            Practice,
            Rate,
            Goal,
            Quota,
        )
        for word in model.model_fields
    }
)
"""Every word a mapping may use, for suggestions."""
_KINDS: Final = ("canonical", "spreadsheet", "event_log")


def shipped_mappings() -> list[str]:
    """Return the names of the mappings that come with the product."""
    folder = resources.files("data") / "mappings"
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


def load_mapping(name: str) -> Mapping:
    """Load a mapping by the name of a shipped one or the path of a YAML file.

    Raises:
        NotFound: there is neither such a file nor such a shipped mapping.
        BadInput: the file is not a mapping, and where it is not.

    """
    if Path(name).is_file():
        return parse_mapping(Path(name).read_text(detect_encoding(Path(name))), name)
    if name not in shipped_mappings():
        near = did_you_mean(name, shipped_mappings())
        raise NotFound(
            "no such mapping",
            field="mapping",
            value=name,
            allowed=f"a YAML file's path, or {', '.join(shipped_mappings())}",
            remedy=near or "docs/mappings.md shows how to write one",
        )
    shipped = resources.files("data") / "mappings" / f"{name}.yaml"
    return parse_mapping(shipped.read_text(encoding="utf-8"), name)


def parse_mapping(text: str, name: str = "mapping") -> Mapping:
    """Read a mapping's YAML.

    Raises:
        BadInput: naming the place in the YAML, what is wrong, and the word that was meant.

    """
    try:
        return _ANY.validate_python(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadInput("not YAML", field="mapping", value=name, remedy=str(error)) from error
    except ValidationError as error:
        raise _explained(error, name) from error


def _explained(error: ValidationError, name: str) -> BadInput:
    wrong = first_wrong(error)
    # the discriminator's own value stands first in the path; people look for the rest of it
    path = wrong.path[1:] if wrong.path[:1] in [(kind,) for kind in _KINDS] else wrong.path
    near = did_you_mean(path[-1], _WORDS) if wrong.unknown else ""
    return BadInput(
        f"the mapping {name} is wrong at {'.'.join(path) or 'its top'}",
        field=".".join(path) or "mapping",
        value=wrong.value,
        remedy=f"{wrong.why}; {near}" if near else wrong.why,
    )
