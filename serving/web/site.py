"""The site: templates, how a page is answered, static files, and errors in the same frame."""

from collections.abc import Callable
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

from data.errors import DealcastError
from serving.access.pages import SIGN_IN, COOKIE
from serving.access.sessions import csrf_token, resume
from serving.api.service import Service
from serving.web import deal, deals, sign_in, soon, week
from serving.web.assets import PREFIX, Assets
from serving.web.frame import Frame, chosen_language
from serving.web.rendering import ASSETS, page, plain_page


def install(app: FastAPI) -> None:
    """Put the pages on the application: their routes, their files, and errors for people."""
    app.add_route(PREFIX + "/{name}", ASSETS.answer, include_in_schema=False)
    for one in (sign_in, week, deal, deals, soon):
        app.include_router(one.router, include_in_schema=False)
    for kind, handler in list(app.exception_handlers.items()):
        if not iscoroutinefunction(handler):
            app.exception_handlers[kind] = _in_frame(handler)
