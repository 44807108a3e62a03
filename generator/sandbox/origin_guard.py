"""Refuse web pages, signed or not: the sandbox runs the functions it is given.

A page of any site may send requests to a port of this computer. The browser marks them with headers that a page cannot
change (Fetch standard, "Origin" and "Sec-Fetch-Site"). A page whose own name resolves to 127.0.0.1 is recognized by
that name in Host.
"""

from __future__ import annotations

from collections.abc import Iterable

OURS = frozenset({"127.0.0.1", "localhost"})
_PAGE_HEADERS = frozenset({"origin", "sec-fetch-site"})


def is_from_web_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request or websocket comes from a web page, or is addressed to a host name that is not ours."""
    values = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    host = values.get("host", "").rpartition(":")[0] or values.get("host", "")
    return bool(_PAGE_HEADERS & set(values)) or host.lower() not in OURS
