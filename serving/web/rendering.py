"""Templates, and how a page is answered."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from serving.access.viewer import Language
from serving.web.assets import Assets
from serving.web.frame import Frame, chosen_language
from serving.web.phrases import say

ASSETS: Final = Assets.read()
NAVIGATION: Final = (
    ("/week", "This week"),
    ("/deals", "Deals"),
    ("/funnel", "Funnel"),
    ("/forecast", "Forecast"),
    ("/attainment", "Attainment"),
    ("/reviews", "Reviews"),
    ("/model", "Model"),
)
"""The left rail: address and name."""
_PRIVATE: Final = {"Cache-Control": "no-store"}


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("serving.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"asset": ASSETS.urls.__getitem__, "navigation": NAVIGATION}
    return environment


_ENVIRONMENT: Final = _templates()


def page(frame: Frame, template: str, status: int = HTTPStatus.OK, **values: Any) -> HTMLResponse:
    """Answer with a page in its frame.

    Args:
        frame: of the request.
        template: its file.
        status: of HTTP.
        values: what else the template tells.
    """
    told = {"frame": frame, "fmt": frame.formats, "_": frame.say, "language": frame.language}
    return _answer(template, status, told | values)


def bare_page(
    request: Request, template: str, status: int = HTTPStatus.OK, **values: Any
) -> HTMLResponse:
    """Answer with a page for whoever is not signed in: no rail, no scope."""
    language: Language = chosen_language(request)
    told = {"frame": None, "_": say(language), "language": language, "path": request.url.path}
    return _answer(template, status, told | values)


def _answer(template: str, status: int, values: dict[str, Any]) -> HTMLResponse:
    text = _ENVIRONMENT.get_template(template).render(values, status=status)
    return HTMLResponse(text, status, headers=_PRIVATE)
