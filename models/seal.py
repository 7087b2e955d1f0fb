"""Seals: a bundle's card holds the hash of every file, and its name a hash of the card."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from data.errors import BadInput, NotFound

FORMAT: Final = 7
CARD: Final = "card.json"


def seal(path: Path, stem: str, card: dict[str, Any]) -> str:
    """Write the card of a finished bundle and return the bundle's name.

    Args:
        path: the directory, all other files in place.
        stem: what the name begins with.
        card: what the bundle says of itself, JSON values.
    """
    files = {file.name: _sha256(file) for file in sorted(path.iterdir())}
    card = {"format": FORMAT, **card, "hashes": files}
    name = f"{stem}-{_digest(card)}"
    write_json(path / CARD, {"name": name, **card})
    return name


def unseal(path: Path) -> dict[str, Any]:
    """Return the card of a bundle after checking it and every file it names.

    Raises:
        NotFound: there is no bundle at the path.
        BadInput: a file is missing or was changed, or the format is another version's.
    """
    try:
        card: dict[str, Any] = json.loads((path / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound("no such bundle", field="bundle", value=path.name) from None
    except ValueError:
        raise _broken(path, CARD) from None
    if card.get("format") != FORMAT:
        raise BadInput(
            "a bundle of another version",
            field="format",
            value=card.get("format"),
            allowed=str(FORMAT),
            remedy="train it again with this version",
        )
    sealed = {key: value for key, value in card.items() if key != "name"}
    if not card["name"].endswith(_digest(sealed)):
        raise _broken(path, CARD)
    for name, expected in card["hashes"].items():
        if not (path / name).is_file() or _sha256(path / name) != expected:
            raise _broken(path, name)
    return card


def write_json(path: Path, document: object) -> None:
    """Write a document so that people can read it too."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def _broken(path: Path, file: str) -> BadInput:
    return BadInput(
        "a bundle that was changed or is not whole",
        field="bundle",
        value=f"{path.name}/{file}",
        allowed="files that match the hashes in its card",
        remedy="train it again, or restore it from a copy",
    )


def _digest(card: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(card, sort_keys=True).encode()).hexdigest()[:10]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
