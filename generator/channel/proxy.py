"""The proxy between this computer and the message gateway: which one, and what its failures are called.

A proxy's address may hold a password, so no error shows it, and none has the library's error, which does, as its cause.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from generator.channel.session import ChannelOptions
from generator.errors import DeployerError

TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_HINT = "Check HTTPS_PROXY and NO_PROXY, or ask whoever runs the proxy"


def proxy_for(url: str, options: ChannelOptions) -> str | None:
    """The proxy for a websocket, chosen as botocore chooses the one for calls to AWS: HTTPS_PROXY, unless NO_PROXY has
    the host; an address without a scheme is HTTP's. Raises DeployerError for what is no address."""
    if options.proxy is not True:
        return options.proxy
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return None
    proxy = getproxies().get("https" if parts.scheme == "wss" else "http", "")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"
    if not _is_address(proxy):
        raise unusable(proxy, "it is no address")
    return proxy


def _is_address(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def shown(proxy: str) -> str:
    """The proxy without user and password."""
    if not _is_address(proxy):
        return "in HTTPS_PROXY"
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def unusable(proxy: str, why: str) -> DeployerError:
    """What is in the environment is no proxy that can be used."""
    return DeployerError(f"The proxy {shown(proxy)} cannot be used: {why}.", f"{_HINT}.", code="channel-unreachable")


def refused(proxy: str, host: str, status: int) -> DeployerError:
    """The proxy has answered, and will not connect to this host."""
    if status == 407:
        message = f"The proxy {shown(proxy)} wants another user name and password than it got (HTTP 407)."
        return DeployerError(message, "Give them in HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT", code="proxy-refused")
    message = f"The proxy {shown(proxy)} refused a connection to {host} (HTTP {status})."
    return DeployerError(message, f"{_HINT}: sessions need {host}, port 443.", code="proxy-refused")
