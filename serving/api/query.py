"""The words of a query: one that the path does not take is refused, as a body's field is.

A slip such as `limt=1` would be passed over, and the whole list answered.
"""

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from data.errors import BadInput, did_you_mean
from serving.api.observed import route_of


async def known_words(request: Request) -> None:
    """Refuse a word that the path does not take.

    Raises:
        BadInput: naming it, and those that there are.
    """
    if not request.query_params:
        return
    # the first time it is made, which takes a third of a second: others' requests do not wait
    document = await run_in_threadpool(request.app.openapi)
    path = document["paths"].get(route_of(request.scope), {})
    told = path.get(request.method.lower(), {}).get("parameters", ())
    allowed = [one["name"] for one in told if one["in"] == "query"]
    for word, value in request.query_params.items():
        if word not in allowed:
            raise BadInput(
                "a word that the path does not take",
                field=word[:300],
                value=value,
                allowed=", ".join(allowed) or "no query",
                remedy=did_you_mean(word, allowed) or "leave it out; /docs has all words",
            )
