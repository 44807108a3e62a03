"""The address at which a service is asked, where the environment or the AWS config names one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from generator.errors import UsageError
from generator.gateway.error_row import sentence
from generator.gateway.local_errors import bare


def configured_endpoint(core: Any, service: str) -> str:
    """The endpoint that is set for a service, as botocore has it (`core` is its session); "" where none is."""
    from botocore.configprovider import ConfiguredEndpointProvider

    if core.get_config_variable("ignore_configured_endpoint_urls"):
        return ""
    return str(ConfiguredEndpointProvider(core.full_config, core.get_scoped_config(), service).provide() or "")


@contextmanager
def endpoint_as_url() -> Iterator[None]:
    """Turn botocore's ValueError for an endpoint without http:// into a UsageError."""
    try:
        yield
    except ValueError as error:
        if "endpoint" not in str(error).lower():
            raise
        raise UsageError(
            f"{_endpoint_setting(str(error))} is not an address that can be asked: {sentence(bare(error))}",
            "Write it whole, like http://127.0.0.1:4566.",
            code="bad-endpoint",
        ) from error


def _endpoint_setting(text: str) -> str:
    """What names the endpoint that a text quotes: the variable of that value, or the AWS config."""
    given = (name for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL") and value)
    return next((name for name in given if bare(os.environ[name]) in bare(text)), "endpoint_url in your AWS config")


def require_address(endpoint: str) -> None:
    """Raise ValueError for an endpoint that botocore takes and cannot ask: a port that is none, another scheme."""
    try:
        known = urlsplit(endpoint).scheme in ("http", "https") and urlsplit(endpoint).port != 0
    except ValueError as error:
        raise ValueError(f"Invalid endpoint: {bare(endpoint)}: {error}") from None
    if not known:
        raise ValueError(f"Invalid endpoint: {bare(endpoint)}")


def require_splittable(endpoint: str) -> None:
    """Raise ValueError that names an endpoint over whose parts botocore would stumble without naming it."""
    try:
        urlsplit(endpoint)
    except ValueError as error:
        raise ValueError(f"Invalid endpoint: {bare(endpoint)}: {error}") from None
