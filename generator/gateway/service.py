"""What every service module shares: one way to call, one way to page, one place where errors are translated."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from generator.errors import DeployerError
from generator.gateway.concerned import endpoint_of
from generator.gateway.translate import not_aws, translated

Answer = dict[str, Any]
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""A time as AWS writes it in XML, with its offset; other forms are left to botocore."""


class _Whole(Answer):
    """An answer that must have what is looked up in it: AWS's have, and what is not AWS is called that."""

    def __init__(self, answer: Answer, service: str, operation: str, client: Any) -> None:
        super().__init__(answer)
        self._asked, self._client = (service, operation), client

    def __missing__(self, key: str) -> Any:
        raise not_aws(*self._asked, endpoint_of(self._client))


STUMBLES = (LookupError, ValueError, TypeError, AttributeError)
"""What reading an answer raises that lacks a part, or has another kind of value in its place."""


def _understood(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a service that calls an answer foreign where it stumbles over what is in it."""

    @functools.wraps(method)
    def answered(self: Service, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except STUMBLES as error:
            raise self._not_understood() from error

    @functools.wraps(method)
    def listed(self: Service, *args: Any, **kwargs: Any) -> Iterator[Any]:
        try:
            yield from method(self, *args, **kwargs)
        except STUMBLES as error:
            raise self._not_understood() from error

    return listed if inspect.isgeneratorfunction(method) else answered


class Service:
    """A thin wrapper over one botocore client; subclasses add domain verbs that return model types.

    What is not AWS may answer in the form of AWS and leave out what AWS always says. Each public method of a subclass
    raises the error of such an answer (not-aws), wherever it stumbles.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, each in list(vars(cls).items()):
            if inspect.isfunction(each) and not name.startswith("_"):
                setattr(cls, name, _understood(each))

    def __init__(self, client: Any) -> None:
        self._client = client
        self._operation = ""
        """The last call."""

    def _not_understood(self) -> DeployerError:
        return not_aws(self._service, self._operation or "answer", endpoint_of(self._client))

    @property
    def _region(self) -> str:
        return str(self._client.meta.region_name or "")

    @property
    def _service(self) -> str:
        return str(self._client.meta.service_model.service_id)

    def _call(self, operation: str, /, **params: Any) -> Answer:
        """Make one API call by its snake_case name. Raises a DeployerError, never a botocore one."""
        name = self._operation = self._api_name(operation)
        with translated(self._service, name, params, self._client):
            return _Whole(getattr(self._client, operation)(**params), self._service, name, self._client)

    def _pages(self, operation: str, /, **params: Any) -> Iterator[Answer]:
        """Yield every page of a paginated operation."""
        name = self._operation = self._api_name(operation)
        with translated(self._service, name, params, self._client):
            for page in self._client.get_paginator(operation).paginate(**params):
                yield _Whole(page, self._service, name, self._client)

    def _api_name(self, operation: str) -> str:
        """AWS's name of what botocore calls by a Python name: DescribeDBClusters for describe_db_clusters."""
        return str(self._client.meta.method_to_api_mapping.get(operation, operation))


def as_utc(value: object) -> datetime:
    """A timestamp of an answer (epoch seconds, ISO 8601 or RFC 822), in UTC. Raises ValueError for anything else.

    botocore's own parser gives this computer's time zone, and spends two thirds of a long list on asking for it; what
    it then asks to read ISO 8601 takes most of the last third.
    """
    if isinstance(value, int | float):
        with suppress(OverflowError, OSError):
            return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str) and ISO_TIME.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value).astimezone(UTC)
    from botocore.utils import parse_timestamp

    moment: datetime = parse_timestamp(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
