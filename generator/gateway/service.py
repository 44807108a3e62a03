"""What every service module shares: one way to call, one way to page, one place where errors are translated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.gateway.translate import translated

Answer = dict[str, Any]


class Service:
    """A thin wrapper over one botocore client; subclasses add domain verbs that return model types."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def _region(self) -> str:
        return str(self._client.meta.region_name or "")

    def _call(self, operation: str, /, **params: Any) -> Answer:
        """Make one API call by its snake_case name. Raises a DeployerError, never a botocore one."""
        with translated(self._client.meta.service_model.service_id, operation, params, self._region):
            answer: Answer = getattr(self._client, operation)(**params)
        return answer

    def _pages(self, operation: str, /, **params: Any) -> Iterator[Answer]:
        """Yield every page of a paginated operation."""
        with translated(self._client.meta.service_model.service_id, operation, params, self._region):
            yield from self._client.get_paginator(operation).paginate(**params)
