"""Opening the way to AWS, and keeping the embedded AWS and the real one apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from generator.errors import AwsError, Refused
from generator.gateway.aws import LOOPBACK
from generator.gateway.aws import Gateway as Gateway
from generator.model.deployment import Deployment
from generator.sandbox.root_keys import is_sandbox_key


def open_gateway(deployment: Deployment, notify: Callable[[str], None]) -> Gateway:
    """The gateway for a deployment. Raises Refused when sandbox credentials would reach a real endpoint.

    `notify` is given a line whenever something takes longer than it should.
    """
    refuse_mixture(os.environ)
    gateway = Gateway(deployment)
    gateway.notify = notify
    return gateway


def refuse_mixture(environment: os._Environ[str] | dict[str, str]) -> None:
    """Raise Refused when the environment holds the sandbox's credentials but an endpoint that is not loopback."""
    if not is_sandbox_key(environment.get("AWS_ACCESS_KEY_ID", "")):
        return
    endpoints = [value for name, value in environment.items() if name.startswith("AWS_ENDPOINT_URL")]
    if not endpoints or any(urlsplit(endpoint).hostname not in LOOPBACK for endpoint in endpoints):
        raise Refused(
            "The credentials are the sandbox's, but the endpoint is not on this machine, so nothing was sent.",
            'Take both from the sandbox: eval "$(deployer sandbox env)", or unset AWS_ACCESS_KEY_ID.',
            code="sandbox-mixture",
        )


@contextmanager
def refused(hint: str) -> Iterator[None]:
    """Give a refusal for want of a permission the hint of somebody who knows what support may."""
    try:
        yield
    except AwsError as error:
        if not error.denied:
            raise
        raise error.explained(hint=hint) from error
