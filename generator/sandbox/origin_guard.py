"""Web pages are kept out, signed or not: the sandbox runs the functions it is given.

A page of any site may send requests to a port of this computer. A browser says so in headers that a page cannot
change (Fetch standard, "Origin" and "Sec-Fetch-Site"); a page that has its own name resolve to 127.0.0.1 to be taken
for a page of ours is told by the name, which stands in Host.
"""

from __future__ import annotations

from collections.abc import Iterable

OURS = frozenset({"127.0.0.1", "localhost"})
_OF_A_PAGE = frozenset({"origin", "sec-fetch-site"})


def is_of_a_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request, or the opening of a websocket, comes from a web page or under a name that is not ours."""
    values = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    host = values.get("host", "").rpartition(":")[0] or values.get("host", "")
    return bool(_OF_A_PAGE & set(values)) or host.lower() not in OURS
