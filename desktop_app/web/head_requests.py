"""HEAD: the head of the answer to GET (RFC 9110, 9.3.2), which monitors and `curl -I` ask for."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Answers HEAD as GET without its body; a stream ends with its head. The application need not know HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        begun, is_over = asyncio.Event(), False

        async def without_more() -> Message:
            await begun.wait()
            return {"type": "http.disconnect"}  # what a stream takes for its end

        async def send_head(message: Message) -> None:
            nonlocal is_over
            if message["type"] == "http.response.body":
                if message.get("more_body", False):
                    return
                is_over, message = True, {"type": "http.response.body"}
            await send(message)
            begun.set()

        scope["method"] = "GET"
        try:
            await self._app(scope, without_more, send_head)
            if not is_over:
                await send({"type": "http.response.body"})
        finally:
            scope["method"] = "HEAD"  # as it is counted
