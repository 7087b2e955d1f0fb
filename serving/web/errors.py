"""What is wrong, for people: the same status and words as the problem document, in the frame."""

import json
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from data.errors import DealcastError
from serving.access.pages import COOKIE, SIGN_IN
from serving.access.sessions import csrf_token, resume
from serving.api.problems import Problem
from serving.api.service import Service
from serving.web.frame import Frame, chosen_language
from serving.web.phrases import say
from serving.web.rendering import bare_page, page

WORDS: Final = {
    401: ("Signing in failed", "Check e-mail and password, or ask whoever runs Dealcast."),
    403: (
        "This is not for you to see",
        "Ask whoever runs Dealcast, if you think that it should be.",
    ),
    404: ("Nothing is here", "It may have been deleted, or it is not within your rights."),
    422: ("This address asks for something that is not there", "Go back, or begin at the start."),
    429: ("Too many tries", "Wait a quarter of an hour, then try again."),
    500: (
        "Something went wrong on our side",
        "It was written down. Try again, or tell whoever runs Dealcast.",
    ),
    503: ("Not ready yet", "Try again in a moment."),
}
OTHER: Final = ("This did not work", "Go back, or begin at the start.")
OUR_WORDS: Final = (403, 422, 503)
"""Where the problem's own words help; elsewhere they would tell more than they should."""


def install(app: FastAPI) -> None:
    """Let every handler that answers with a problem answer people with a page."""
    for kind, handler in list(app.exception_handlers.items()):
        if not iscoroutinefunction(handler):
            app.exception_handlers[kind] = _for_people(handler)


def _for_people(handler: Callable[..., Any]) -> Callable[..., Any]:
    def handle(request: Request, error: Exception) -> Response:
        answer: Response = handler(request, error)
        if isinstance(answer, Problem) and _reads_pages(request):
            return _page(request, answer)
        return answer

    return handle


def _reads_pages(request: Request) -> bool:
    """Say whether a browser shows the answer to somebody; the interface is for programs."""
    wanted = request.headers.get("accept", "")
    return "text/html" in wanted and not request.url.path.startswith("/v1/")


def _page(request: Request, problem: Problem) -> Response:
    status, document = problem.status_code, json.loads(bytes(problem.body))
    frame = _frame(request)
    words = say(chosen_language(request, None if frame is None else frame.viewer.language))
    title, remedy = (words(one) for one in WORDS.get(status, OTHER))
    if request.url.path == SIGN_IN and request.method == "POST":
        answer = sign_in_page(request, f"{title}{words('. ')}{remedy}", status)
    else:
        told = {"title": title, "remedy": remedy, "detail": None}
        if status in OUR_WORDS:
            told["detail"] = document.get("detail")
        if frame is None:
            answer = bare_page(request, "error.html", status, **told)
        else:
            answer = page(frame, "error.html", status, **told)
    if "retry-after" in problem.headers:
        answer.headers["Retry-After"] = problem.headers["Retry-After"]
    return answer


def sign_in_page(request: Request, problem: str | None = None, status: int = 200) -> Response:
    """Answer with the sign-in page, and why it is shown again."""
    service: Service = request.state.service
    after = request.query_params.get("next", "/")
    sso = f"{SIGN_IN}/sso?{urlencode({'next': after})}" if service.settings.oidc_issuer else None
    told = {"problem": problem, "next": after, "single_sign_on": sso}
    return bare_page(request, "sign_in.html", status, **told)


def _frame(request: Request) -> Frame | None:
    """Return the frame of whoever is signed in, with nothing chosen; None for anybody else."""
    service: Service = request.state.service
    token = request.cookies.get(COOKIE, "")
    try:
        viewer = resume(service.engine, token, service.clock(), service.settings)
        if viewer is None:
            return None
        return Frame.of(request, service, viewer, csrf_token(token), choosing=False)
    except (DealcastError, SQLAlchemyError):  # its page must not fail by what failed before
        return None
