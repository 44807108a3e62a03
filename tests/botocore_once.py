"""What botocore reads and works out for every client: once in a process of tests, and not for every command."""

from __future__ import annotations

import functools
from typing import Any

from botocore import client, hooks, loaders, session

_create_loader = loaders.create_loader
_make_aliaser = hooks.EventAliaser.__init__
_create_methods = client.ClientCreator._create_methods
_event_names: dict[str, str] = {}
_methods: dict[str, dict[str, Any]] = {}


@functools.cache
def _one_loader(search_path_string: str | None = None) -> loaders.Loader:
    """The models of AWS's services."""
    return _create_loader(search_path_string)


def _knowing_aliaser(self: hooks.EventAliaser, *given: object) -> None:
    """The names of events."""
    _make_aliaser(self, *given)
    self._alias_name_cache = _event_names


def _known_methods(self: client.ClientCreator, service_model: Any) -> dict[str, Any]:
    """The methods of a service's clients, to which a session may add more."""
    name = service_model.service_name
    if name not in _methods:
        _methods[name] = _create_methods(self, service_model)
    return dict(_methods[name])


def install() -> None:
    """From now on, in this process."""
    session.create_loader = _one_loader
    hooks.EventAliaser.__init__ = _knowing_aliaser  # type: ignore[method-assign]
    client.ClientCreator._create_methods = _known_methods  # type: ignore[method-assign]
