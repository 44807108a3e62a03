"""What is around a call and not AWS: the file of authorities, the proxy, the region's name. Each its own sentence."""

from __future__ import annotations

import difflib
import functools
import re
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from botocore import exceptions as boto
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError

from generator.errors import AwsError, DeployerError, UsageError
from generator.gateway.concerned import endpoint_of
from generator.gateway.tls import refused_tls

PASSWORD_WANTED = 407  # HTTP: Proxy Authentication Required
NOT_AWS = "Check AWS_ENDPOINT_URL, HTTPS_PROXY and whether the network wants a sign-in of its own."


class PasswordWanted(ResponseParserError):  # type: ignore[misc]
    """A proxy has answered in AWS's place, and asks for a user name and a password."""


def cause_of(error: boto.BotoCoreError, client: Any) -> DeployerError | None:
    """The error for a call that got no answer because of one of these; None for any other."""
    match error:
        case boto.SSLError():
            return refused_tls(error, client)
        case boto.EndpointConnectionError() if client:
            return _unknown_region(error, str(client.meta.region_name or ""))
        case boto.ProxyConnectionError():
            return _refusing_proxy(error) or _no_proxy(client)
        case boto.HTTPClientError():
            return _no_proxy(client)
    return None


def _unknown_region(error: boto.EndpointConnectionError, region: str) -> DeployerError | None:
    """The error where no name of AWS's stands for the region, which is then most likely mistyped; else None.

    A region that is newer than this botocore has an address, and is never asked about here.
    """
    url = str(error.kwargs.get("endpoint_url", ""))
    if not region or f".{region}." not in url or region in known_regions():
        return None
    return no_region(region)


@functools.cache
def known_regions() -> tuple[str, ...]:
    """The regions of all partitions, as this botocore knows them."""
    partitions = create_loader().load_data("partitions")["partitions"]
    return tuple(name for each in partitions for name in each["regions"] if not name.endswith("-global"))


def require_known_region(region: str) -> None:
    """Raises UsageError for a region that AWS does not have, of which a sandbox would say that it is empty."""
    if region not in known_regions() and not region.endswith("-global"):
        raise no_region(region)


def no_region(region: str) -> UsageError:
    """The error for a region that AWS does not have as far as botocore knows, with the nearest that it has."""
    near = sorted(difflib.get_close_matches(region.lower(), known_regions(), 2, 0.75))
    meant = f"Perhaps you meant {' or '.join(near)}: give it" if near else "Give one like eu-central-1"
    return UsageError(
        f"There is no AWS region {region} that this program knows.",
        f"{meant} with --region or in AWS_REGION, or store it: deployer config set region NAME",
        code="unknown-region",
    )


def password_wanted(service: str, operation: str, client: Any) -> AwsError:
    """The error for a proxy's 407: which proxy, without the password that it was given."""
    proxy = _proxy_for(client.meta.endpoint_url) if client else ""
    if not proxy:
        return AwsError(
            f"Something between here and {service}{_place(client)} answered {operation} with HTTP status "
            f"{PASSWORD_WANTED}.",
            NOT_AWS,
            operation=operation,
        )
    return _wants_another(proxy, operation)


def _place(client: Any) -> str:
    return f" at {endpoint_of(client)}" if client else ""


def _refusing_proxy(error: boto.ProxyConnectionError) -> DeployerError | None:
    """The error for a proxy that asks for a password before it connects to AWS; None for another failure of it."""
    if str(PASSWORD_WANTED) not in str(error.kwargs.get("error", "")):
        return None
    return _wants_another(str(error.kwargs.get("proxy_url", "")), "")


def _no_proxy(client: Any) -> DeployerError | None:
    """The error for a proxy whose address is none, or one that botocore does not speak to; None for any other."""
    proxy = _proxy_for(client.meta.endpoint_url) if client else ""
    why = _fault_of(proxy) if proxy else ""
    if not why:
        return None
    scheme = urlsplit(client.meta.endpoint_url).scheme.upper()
    shown = re.sub(r"[^/@]*@", "***@", proxy)
    shown = shown if shown.isprintable() and shown == shown.strip() else repr(shown)
    return UsageError(
        f"The proxy {shown}, which {scheme}_PROXY names, cannot be used: {why}.",
        "Write it like http://HOST:PORT, there or in the settings of this computer.",
        code="bad-proxy",
    )


def _fault_of(proxy: str) -> str:
    """What is wrong with the address of a proxy; "" for one that can be asked."""
    if re.search(r"[\s\x00-\x1f\x7f'\"]", proxy):
        return "there is a space, a quotation mark or a character that nobody sees in it"
    address = proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"  # as botocore reads it
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError as error:
        return "its port is no number" if "port" in str(error).lower() else "its host is no name and no address"
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme} is no kind of proxy that this program speaks to"
    if not address.startswith(parts.scheme):
        return f"{parts.scheme} is written in capitals"
    if not parts.netloc.rpartition("@")[0].isascii():
        return "its user name or password has a letter beyond ASCII, which is written like %C3%A4"
    return "" if host else "there is no name of a host in it"


def _wants_another(proxy: str, operation: str) -> AwsError:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    error = AwsError(
        f"The proxy {shown} wants another user name and password than it got (HTTP {PASSWORD_WANTED}).",
        "Give them in HTTPS_PROXY, or HTTP_PROXY for an http:// endpoint: http://USER:PASSWORD@HOST:PORT",
        operation=operation,
    )
    error.code = "proxy-refused"
    return error


def _proxy_for(url: str) -> str:
    """The proxy that botocore takes for a URL, "" for none (botocore.utils.get_environ_proxies)."""
    parts = urlsplit(url)
    return "" if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme, "")
