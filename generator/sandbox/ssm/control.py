"""`/_sandbox/instances/<id>`: say what stands behind an instance's ports (see `targets`)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from generator.sandbox.ssm import targets

if TYPE_CHECKING:
    from generator.sandbox.asgi import Request, Response, Sandbox

PREFIX = "/_sandbox/instances/"


def install(sandbox: Sandbox) -> None:
    """Add the endpoint: PUT registers, DELETE forgets every registration."""
    from generator.sandbox.asgi import Response

    async def answer(request: Request) -> Response | None:
        if not request.path.startswith(PREFIX) or "origin" in request.headers:
            return None
        if request.method == "DELETE":
            targets.forget()
            return Response.json({})
        if request.method != "PUT":
            return None
        try:
            target = targets.register(request.path.removeprefix(PREFIX), json.loads(request.body))
        except (ValueError, TypeError, AttributeError) as error:
            return Response.error("ValidationError", f"This registers nothing: {error}.")
        return Response.json(asdict(target))

    sandbox.layers.insert(0, answer)
