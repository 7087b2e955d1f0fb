"""The limit: a FastAPI route that does nothing with what it is sent."""

from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.post("/score")
async def score(request: Request) -> dict[str, str]:
    """Read the body, and answer."""
    await request.body()
    return {"status": "ok"}
