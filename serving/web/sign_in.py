"""The sign-in page, the language, and a user's own account."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from data.errors import BadInput
from data.people import users
from serving.access.door import Door, find
from serving.access.pages import SIGN_IN, OwnForm, own_path
from serving.access.users import set_password
from serving.access.viewer import Viewer
from serving.api.service import Service, actor
from serving.security import Unauthenticated
from serving.web.errors import sign_in_page
from serving.web.frame import LANGUAGE, Frame, TheFrame
from serving.web.rendering import page

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


@router.get("/account")
def account(frame: TheFrame) -> Response:
    """Show who is signed in, with what rights, and the form to choose another password."""
    return _account(frame)


@router.post("/account/password", dependencies=[OwnForm])
def change_password(
    request: Request,
    frame: TheFrame,
    before: Annotated[str, Form(max_length=1_000)],
    after: Annotated[str, Form(max_length=1_000)],
) -> Response:
    """Give the user another password, after the one before; every session of theirs ends.

    A wrong one counts as a try to sign in, so that a session left open lets nobody guess on.
    """
    service, viewer = frame.service, frame.viewer
    email, now = _row(service, viewer)["email"], service.clock()
    who = actor(request, "user", viewer.user_id)
    try:
        Door(service.engine, service.settings).sign_in(email, before, now, who)
        set_password(service.engine, email, after, now, who)
    except Unauthenticated:
        return _account(frame, frame.say("This is not the password now."), 401)
    except BadInput:
        return _account(frame, frame.say("The new one is too short, or easily guessed."), 422)
    return RedirectResponse(SIGN_IN, 303)


def _account(frame: Frame, problem: str | None = None, status: int = 200) -> Response:
    row = _row(frame.service, frame.viewer)
    told = {"email": row["email"], "own": row["password"] is not None, "problem": problem}
    return page(frame, "account.html", status, **told)


def _row(service: Service, viewer: Viewer) -> dict[str, Any]:
    row = find(service.engine, users.c.user_id == viewer.user_id)
    assert row is not None  # noqa: S101  # a session ends with its user
    return row


@router.get("/language/{language}")
def choose_language(
    language: Literal["zh", "en"], after: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Remember a language in the browser, and go back to where it was chosen."""
    response = RedirectResponse(own_path(after), 303)
    response.set_cookie(LANGUAGE, language, max_age=_YEAR, samesite="lax", httponly=True)
    return response
