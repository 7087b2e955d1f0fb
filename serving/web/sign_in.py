"""The sign-in page, the language, and a user's own account."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from serving.access.pages import own_path
from serving.web.errors import sign_in_page
from serving.web.frame import LANGUAGE, TheFrame

router = APIRouter()

_YEAR = 365 * 24 * 3600


@router.get("/")
def start(frame: TheFrame) -> Response:
    """Lead to the first page, or to signing in where nobody is."""
    return RedirectResponse(frame.to("/week"), 303)


@router.get("/sign-in")
def signing_in(request: Request) -> Response:
    """Show the form; what it sends goes to `serving.access`."""
    return sign_in_page(request)


@router.get("/language/{language}")
def choose_language(
    language: Literal["zh", "en"], after: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Remember a language in the browser, and go back to where it was chosen."""
    response = RedirectResponse(own_path(after), 303)
    response.set_cookie(LANGUAGE, language, max_age=_YEAR, samesite="lax", httponly=True)
    return response
