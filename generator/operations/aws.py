"""Opening the way to AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from generator.errors import AwsError
from generator.gateway.aws import Gateway as Gateway
from generator.model.deployment import Deployment


def open_gateway(deployment: Deployment, notify: Callable[[str], None]) -> Gateway:
    """The gateway for a deployment.

    `notify` is given a line whenever something takes longer than it should.
    """
    gateway = Gateway(deployment)
    gateway.notify = notify
    return gateway


@contextmanager
def refused(hint: str) -> Iterator[None]:
    """Give a refusal for want of a permission the hint of somebody who knows what support may."""
    try:
        yield
    except AwsError as error:
        if not error.denied:
            raise
        raise error.explained(hint=hint) from error
