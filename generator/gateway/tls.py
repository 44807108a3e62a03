"""Why TLS was refused: this computer's authorities or clock, the far side's certificate, or what speaks no such TLS."""

from __future__ import annotations

import os
import re
from typing import Any

from botocore import exceptions as boto

from generator.errors import DeployerError
from generator.gateway.concerned import commands_of, profile_in_force, without_password

_OF_A_FILE = re.compile(r"\[Errno \d+\]|no certificate or crl found|no start line|PEM|invalid path", re.IGNORECASE)
"""What OpenSSL and urllib3 say of a file of certificates that is missing, unreadable or none."""
CLOCK = re.compile(r"certificate (?:is not yet valid|has expired)")
"""What OpenSSL says of a certificate outside of its time; AWS's are never so, and a clock may be."""
_OF_ANOTHER_HOST = re.compile(r"doesn't match|hostname mismatch|IP address mismatch|not valid for", re.IGNORECASE)
_OF_A_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", re.IGNORECASE)
_NOISE = re.compile(r"\[SSL[^\]]*\] |certificate verify failed: | \(_ssl\.c:\d+\)")
SET_THE_CLOCK = (
    "Look at this computer's clock (date -u): if it is wrong, set it (timedatectl, or sntp), and run it again. If not, "
    "the certificate must be renewed; AWS's own are, so see what AWS_ENDPOINT_URL or HTTPS_PROXY names."
)
NAME_THE_BUNDLE = (
    "Check AWS_CA_BUNDLE, or ca_bundle in your AWS config: a PEM file with the authority of that endpoint."
)
ANOTHER_HOST = (
    "Whoever answers has another name: see what AWS_ENDPOINT_URL, HTTPS_PROXY and /etc/hosts make of that one."
)
NO_SUCH_TLS = (
    "See whether what AWS_ENDPOINT_URL or HTTPS_PROXY names speaks TLS, 1.2 or later; what speaks none is http://."
)


def refused_tls(error: boto.SSLError, client: Any) -> DeployerError:
    """The error for a call of which TLS was refused, by its cause."""
    text = str(error.kwargs.get("error", error))
    endpoint = without_password(str(error.kwargs.get("endpoint_url", "")))
    refused = f"The TLS certificate of {endpoint} was not accepted"
    why = without_password(" ".join(_NOISE.sub("", text).split()).rstrip("."))
    if clock := CLOCK.search(text):
        return DeployerError(f"{refused}: {clock[0]}.", SET_THE_CLOCK, code="ssl")
    if _OF_ANOTHER_HOST.search(text):
        return _error(f"{refused}: {why}.", ANOTHER_HOST)
    if _OF_A_FILE.search(text):
        return _unusable_bundle(text, client)
    if _OF_A_CERTIFICATE.search(text):
        return _error(f"{refused}: {why}.", NAME_THE_BUNDLE)
    return _error(f"No TLS connection to {endpoint} could be made: {why}.", NO_SUCH_TLS)


def _error(message: str, hint: str) -> DeployerError:
    return DeployerError(message, hint, code="ssl", transient=True)


def _unusable_bundle(text: str, client: Any) -> DeployerError:
    """The error for a CA bundle that is no file of certificates."""
    path = _bundle_of(client)
    setting = _setting_of(path, commands_of(client).profile)
    why = re.sub(r"^\[Errno \d+\] ", "", text.partition(": '")[0].rstrip("."))
    if "invalid path" in why:
        why = "there is no such file"
    return DeployerError(
        f"The CA bundle {path}, which {setting} names, cannot be used: {why}."
        if path
        else f"The CA bundle that your AWS settings name cannot be used: {why}.",
        f"Correct {setting}: a PEM file that you may read, or nothing for the authorities of this program.",
        code="ca-bundle",
    )


def empty_bundle(profile: str) -> DeployerError:
    """The error for a CA bundle whose name is set to nothing, which botocore does not take for one that is not set."""
    by = (name for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE") if not os.environ.get(name, "x").strip())
    setting = next(by, _in_the_config(profile))
    hint = "Take it out, or name a PEM file there."
    return DeployerError(f"{setting} names no file of authorities: it is empty.", hint, code="ca-bundle")


def _bundle_of(client: Any) -> str:
    """The file of authorities that a botocore client trusts; "" where it is not known."""
    trusted = getattr(getattr(getattr(client, "_endpoint", None), "http_session", None), "_verify", "")
    return trusted if isinstance(trusted, str) else ""


def _setting_of(path: str, profile: str) -> str:
    """Where that path is set, for that profile ("" where none is named).

    botocore takes the first of these (botocore.configprovider, botocore.endpoint).
    """
    if os.environ.get("AWS_CA_BUNDLE"):
        return "AWS_CA_BUNDLE"
    if path and path == os.environ.get("REQUESTS_CA_BUNDLE"):
        return "REQUESTS_CA_BUNDLE"
    return _in_the_config(profile)


def _in_the_config(profile: str) -> str:
    return f"ca_bundle of profile {profile_in_force(profile)} in your AWS config"
