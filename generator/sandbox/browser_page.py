"""What a person sees who opens the sandbox's address in a browser: one fixed page, which says what this is.

It reads nothing of the sandbox and runs no script, and a page of another site can neither read nor frame it.
"""

from __future__ import annotations

from collections.abc import Iterable

from generator.sandbox.http_messages import Response

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>deployer sandbox</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
  code { font: 0.95em ui-monospace, monospace }
  pre { overflow-x: auto }
</style>
<h1>This is a sandbox of deployer</h1>
<p>An imitation of AWS on this computer, to try <code>deployer</code> without an account. It is not AWS, and nothing in
it costs anything or leaves this computer.</p>
<p>It answers AWS clients that sign with its own keys, and no web page: this page is all that a browser gets. In a
terminal:</p>
<pre><code>deployer sandbox status
deployer --sandbox status
eval "$(deployer sandbox env)"
aws cloudformation describe-stacks</code></pre>
<p>To end it: <code>deployer sandbox stop</code></p>
</html>
"""


def is_opened_by_a_person(method: str, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a browser asks for a document to show by itself.

    It says so in "Sec-Fetch-Dest" (Fetch Metadata). One without that header asks for HTML and signs nothing; a client
    of AWS signs, in a header or in the query.
    """
    given = {name.lower(): value.lower() for name, value in headers}
    if (kind := given.get(b"sec-fetch-dest")) is not None:
        return kind == b"document"
    signed = b"authorization" in given or b"signature=" in query.lower()
    return method in ("GET", "HEAD") and b"text/html" in given.get(b"accept", b"") and not signed


def page() -> Response:
    """The page. Its status is that of a refusal: whoever counts on an answer of AWS did not get one."""
    return Response(403, dict(_HEADERS), _PAGE.encode())
