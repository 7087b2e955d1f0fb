"""Style, script and icon from the package, under addresses that change when they do.

A browser may keep such a file for ever: what has other contents has another address.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from starlette.requests import Request
from starlette.responses import Response

from data.errors import NotFound

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Assets:
    """The files held in memory: few, small, and read once.

    Attributes:
        urls: the address of each file by its name.
        files: contents and media type by the end of the address.
    """

    urls: dict[str, str]
    files: dict[str, tuple[bytes, str]]

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Self:
        """Read every file of a folder."""
        urls, files = {}, {}
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            hashed = f"{path.stem}.{sha256(content).hexdigest()[:12]}{path.suffix}"
            urls[path.name] = f"{PREFIX}/{hashed}"
            files[hashed] = content, _TYPES[path.suffix]
        return cls(urls, files)

    def answer(self, request: Request) -> Response:
        """Answer with the file whose address was asked for.

        Raises:
            NotFound: there is no such file, or its contents are others by now.
        """
        name = str(request.path_params["name"])
        if name not in self.files:
            raise NotFound("no such file", field="name", value=name, remedy="reload the page")
        content, media_type = self.files[name]
        return Response(content, media_type=media_type, headers=_FOR_EVER)
