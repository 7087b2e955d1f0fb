"""`GET /docs`: the interface for people to read, from its OpenAPI document.

One page of our own: FastAPI's loads its scripts from another site, which a strict service does
not, and a service without internet cannot.
"""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

router = APIRouter()

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.2rem .8rem .2rem 0;"
    "text-align:left;vertical-align:top}pre{background:#f4f4f4;overflow:auto;padding:1rem}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}"
    "pre{background:#222}}"
)
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
_ENVIRONMENT: Final = Environment(loader=PackageLoader("serving.api", "."), autoescape=True)


@router.get("/docs", include_in_schema=False)
def reference(request: Request) -> HTMLResponse:
    """Answer with all calls and types on one page."""
    api = request.app.openapi()
    page = _ENVIRONMENT.get_template("reference.html").render(
        api=api, calls=list(_calls(api)), type_of=_type_of, style=_STYLE
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


def _calls(api: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in api["paths"].items():
        for method, call in methods.items():
            bodies = call.get("requestBody", {}).get("content", {})
            yield {
                **call,
                "id": call["operationId"],
                "method": method.upper(),
                "path": path,
                "bodies": [(name, one.get("schema", {})) for name, one in bodies.items()],
                "statuses": sorted(call["responses"]),
            }


def _type_of(schema: dict[str, Any]) -> Markup:
    """Tell a JSON schema in a few words, with links to the types that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return Markup('<a href="#type-{0}">{0}</a>').format(name)
    either = schema.get("anyOf") or schema.get("oneOf")
    if either:
        return Markup(" or ").join(_type_of(one) for one in either)
    if schema.get("type") == "array":
        return Markup("list of {}").format(_type_of(schema.get("items", {})))
    return escape(schema.get("format") or schema.get("const") or schema.get("type", "any"))
