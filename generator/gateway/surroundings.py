"""What is around a call and not AWS: the file of authorities, the proxy, the region's name. Each its own sentence."""

from __future__ import annotations

import difflib
import functools
import os
import re
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from botocore import exceptions as boto
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError

from generator.errors import AwsError, DeployerError, UsageError
from generator.gateway.concerned import without_password

PASSWORD_WANTED = 407  # HTTP: Proxy Authentication Required
_OF_A_FILE = re.compile(r"\[Errno \d+\]|no certificate or crl found|no start line|PEM|invalid path", re.IGNORECASE)
"""What OpenSSL and urllib3 say of a file of certificates that is missing, unreadable or none."""
CLOCK = re.compile(r"certificate (?:is not yet valid|has expired)")
"""What OpenSSL says of a certificate outside of its time; AWS's are never so, and a clock may be."""
SET_THE_CLOCK = (
    "Look at this computer's clock (date -u): if it is wrong, set it (timedatectl, or sntp), and run it again. If not, "
    "the certificate must be renewed; AWS's own are, so see what AWS_ENDPOINT_URL or HTTPS_PROXY names."
)
NOT_AWS = "Check AWS_ENDPOINT_URL, HTTPS_PROXY and whether the network wants a sign-in of its own."


class PasswordWanted(ResponseParserError):  # type: ignore[misc]
    """A proxy has answered in AWS's place, and asks for a user name and a password."""


def cause_of(error: boto.BotoCoreError, client: Any) -> DeployerError | None:
    """The error for a call that got no answer because of one of these; None for any other."""
    match error:
        case boto.SSLError():
            return _unusable_bundle(error, client)
        case boto.EndpointConnectionError() if client:
            return _unknown_region(error, str(client.meta.region_name or ""))
        case boto.ProxyConnectionError():
            return _refusing_proxy(error) or _no_proxy(client)
        case boto.HTTPClientError():
            return _no_proxy(client)
    return None


def _unusable_bundle(error: boto.SSLError, client: Any) -> DeployerError | None:
    """The error for a CA bundle that is no file of certificates; None where the far side's certificate is the cause."""
    text = str(error.kwargs.get("error", error))
    if CLOCK.search(text):
        return _certificate_of_another_time(error, text)
    if not _OF_A_FILE.search(text):
        return None
    path = _bundle_of(client)
    why = re.sub(r"^\[Errno \d+\] ", "", text.partition(": '")[0].rstrip("."))
    if "invalid path" in why:
        why = "there is no such file"
    return DeployerError(
        f"The CA bundle {path}, which {_setting_of(path)} names, cannot be used: {why}."
        if path
        else f"The CA bundle that your AWS settings name cannot be used: {why}.",
        f"Correct {_setting_of(path)}: a PEM file that you may read, or nothing for the authorities of this program.",
        code="ca-bundle",
    )


def _certificate_of_another_time(error: boto.SSLError, text: str) -> DeployerError:
    """The error for a certificate that this computer's clock takes for one of the past or of the future."""
    clock = CLOCK.search(text)
    return DeployerError(
        f"The TLS certificate of {without_password(str(error.kwargs.get('endpoint_url', '')))} was not accepted: "
        f"{clock[0] if clock else text}.",
        SET_THE_CLOCK,
        code="ssl",
    )


def _bundle_of(client: Any) -> str:
    """The file of authorities that a botocore client trusts; "" where it is not known."""
    trusted = getattr(getattr(getattr(client, "_endpoint", None), "http_session", None), "_verify", "")
    return trusted if isinstance(trusted, str) else ""


def _setting_of(path: str) -> str:
    """Where that path is set; botocore takes the first of these (botocore.configprovider, botocore.endpoint)."""
    if os.environ.get("AWS_CA_BUNDLE"):
        return "AWS_CA_BUNDLE"
    if path and path == os.environ.get("REQUESTS_CA_BUNDLE"):
        return "REQUESTS_CA_BUNDLE"
    return "ca_bundle in your AWS config"


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
            f"Something between here and {service} answered {operation} with HTTP status {PASSWORD_WANTED}.",
            NOT_AWS,
            operation=operation,
        )
    return _wants_another(proxy, operation)


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
    shown = re.sub(r"[^/@\s]*@", "***@", proxy)
    return UsageError(
        f"The proxy {shown}, which {scheme}_PROXY names, cannot be used: {why}.",
        "Write it like http://HOST:PORT, there or in the settings of this computer.",
        code="bad-proxy",
    )


def _fault_of(proxy: str) -> str:
    """What is wrong with the address of a proxy; "" for one that can be asked."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return "its port is no number" if "port" in str(error).lower() else "its host is no name and no address"
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme} is no kind of proxy that this program speaks to"
    return "" if host and not re.search(r"\s", host) else "there is no name of a host in it"


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
