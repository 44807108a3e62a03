"""A file from the network: kept only when it is the one expected, or read by whoever judges it."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import urllib.error
import urllib.request
from concurrent.futures import Future
from http.client import HTTPException, InvalidURL
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from generator.errors import DeployerError, NotFound, Refused, UsageError

SECONDS = 30.0
"""How long nothing may come."""
SECONDS_IN_ALL = 120.0
"""How long a download may take, whatever comes: a server that sends a byte now and then would hold it for ever."""
LARGEST = 4 * 1024 * 1024
NOT_FETCHED = (urllib.error.URLError, HTTPException, OSError, ValueError)
"""What urllib raises: of the network, of an answer that is not HTTP's, of an address or a proxy's that is none."""
BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def fetch(url: str, sha256: str, target: Path, ca_bundle: str = "") -> Path:
    """Download `url` (https, its server verified) to `target` when its hash is `sha256`. `ca_bundle` as `read_url`.

    Raises UsageError for another scheme; Refused, with the actual hash, for another hash or none given: nothing is kept
    then; DeployerError when the download fails.
    """
    if not url.startswith("https://") or not _fits(url):
        raise UsageError(f"{url} is not an https address.", "Give an https address with --from.")
    try:
        content = _content(url, LARGEST + 1, ca_bundle)
    except NOT_FETCHED as error:
        raise DeployerError(
            f"{url} could not be fetched: {_why(error)}.",
            "Fetch it on another computer and give it with --ca-bundle FILE.",
            code="download-failed",
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    if len(content) > LARGEST or digest != sha256.lower():
        what = f"has the SHA-256 {digest}, not {sha256}" if sha256 else f"has the SHA-256 {digest}; nothing was kept"
        raise Refused(
            f"{url} {what}.",
            f"Once you have compared it with a source you trust: deployer db ca-bundle --sha256 {digest}",
            code="wrong-hash",
        )
    return _keep(content, target)


def read_url(url: str, limit: int, ca_bundle: str = "") -> bytes:
    """The content at an address, of `limit` bytes at most; https, or http on this computer. The caller judges it.

    `ca_bundle`: the file of authorities to trust; "" for that of the environment, or else the system's.

    Raises UsageError for another address or a longer content, NotFound where there is none that everybody may read
    (S3 answers 403 for what does not exist), and DeployerError.
    """
    _require_address(url)
    try:
        content = _content(url, limit + 1, ca_bundle)
    except urllib.error.HTTPError as error:
        if error.code in (403, 404, 410):
            raise NotFound(
                f"There is nothing to read at {url}: HTTP {error.code}.", "Check the address.", code="no-such-address"
            ) from None
        raise _not_fetched(url, f"HTTP {error.code}") from None
    except NOT_FETCHED as error:
        raise _not_fetched(url, _why(error)) from None
    if len(content) > limit:
        raise UsageError(f"{url} has more than {limit:,} bytes.", "Check the address.", code="too-large")
    return content


def _content(url: str, limit: int, ca_bundle: str) -> bytes:
    """What an address gives, up to `limit` bytes. Raises DeployerError when all of it takes too long."""
    outcome: Future[bytes] = Future()

    def fetch() -> None:
        try:
            with _opened(url, ca_bundle) as answer:
                outcome.set_result(answer.read(limit))
        except BaseException as error:
            outcome.set_exception(error)

    Thread(target=fetch, daemon=True).start()  # one that does not end is left behind: this program ends without it
    try:
        return outcome.result(SECONDS_IN_ALL)
    except TimeoutError:
        if outcome.done():  # the address's own: nothing came
            raise
        raise _not_fetched(url, f"it took longer than {SECONDS_IN_ALL:.0f} seconds") from None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows an https address to https addresses, and no further."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        local = urlsplit(req.full_url).scheme == "http"  # this computer's own, or it would not be asked
        if not (_fits(newurl) and (local or urlsplit(newurl).scheme == "https")):
            raise Refused(
                f"{req.full_url} leads on to {newurl}, which is not an https address: it was not read.",
                "Ask whoever gave you the address.",
                code="not-https",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _why(error: Exception) -> str:
    """What went wrong, on one line and without the password of a proxy; the name of a proxy's variable, as urllib asks
    it, where its address is none."""
    why = " ".join(str(getattr(error, "reason", error)).split())[:200].rstrip(".") or type(error).__name__
    why = re.sub(r"[^\s/'\"@]*@", "***@", why)
    return f"the proxy of HTTPS_PROXY, or the address, cannot be used ({why})" if _about_address(error) else why


def _about_address(error: Exception) -> bool:
    return isinstance(error, InvalidURL | ValueError) and not isinstance(error, OSError)


def _opened(url: str, ca_bundle: str) -> Any:
    """The answer at an address that was checked, of a server that the authorities in force vouch for."""
    trust = urllib.request.HTTPSHandler(context=_authorities(ca_bundle))
    return urllib.request.build_opener(_Redirects, trust).open(url, timeout=SECONDS)


def _authorities(ca_bundle: str) -> ssl.SSLContext:
    """Those of the file that AWS's programs trust where a proxy intercepts TLS, or else the system's."""
    bundle = ca_bundle or next((os.environ[name] for name in BUNDLES if os.environ.get(name)), None)
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:  # ssl.SSLError is one
        raise DeployerError(
            f"The CA bundle {bundle} cannot be used: {error.strerror or 'it holds no certificate'}.",
            f"Check {' and '.join(BUNDLES)}, and ca_bundle in your AWS config: a PEM file.",
            code="ca-bundle",
        ) from None


def _fits(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:  # which raises ValueError for a port that is no number
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        return False


def _require_address(url: str) -> None:
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise UsageError(
            "An address with a user name or a password in it is not fetched, nor shown.",
            "Fetch the file yourself, and give the file.",
            code="not-https",
        )
    if not _fits(url):
        raise UsageError(f"{url} is not an https address.", "Give an https address, or a file.", code="not-https")


def _not_fetched(url: str, why: str) -> DeployerError:
    return DeployerError(
        f"{url} could not be fetched: {why}.", "Try again, or fetch it elsewhere.", code="download-failed"
    )


def _keep(content: bytes, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_bytes(content)
    return draft.replace(target)
