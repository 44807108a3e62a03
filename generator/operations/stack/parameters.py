"""Which value each template parameter is sent with. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from generator.errors import UsageError
from generator.model.stack import Stack


def choose(given: Mapping[str, str], stack: Stack | None, template_keys: Collection[str]) -> dict[str, str | None]:
    """Map parameter keys to a value, or to None for the previous value.

    Given: the value. Untouched and known to the stack: previous, so that nothing falls back to a default.
    New in the template: left out, its default applies. Gone from the template: dropped.
    Raises UsageError for a key the template does not have. Source: CloudFormation API, Parameter.UsePreviousValue.
    """
    refuse_unknown(given, template_keys)
    known = {} if stack is None or stack.status.only_planned else stack.parameters
    chosen: dict[str, str | None] = {key: None for key in template_keys if key in known}
    chosen.update(given)
    return chosen


def refuse_unknown(given: Mapping[str, str], template_keys: Collection[str]) -> None:
    """Raise UsageError for the first given key that is not a parameter of the template."""
    for key in given:
        if key not in template_keys:
            near = difflib.get_close_matches(key, sorted(template_keys), n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(sorted(template_keys))}."
            raise UsageError(f"The template has no parameter {key}.", hint, code="unknown-parameter")


def already_so(given: Mapping[str, str], stack: Stack) -> bool:
    """Whether every given value is the one the stack has; a masked (NoEcho) value can never be known to be."""
    return all(
        key in stack.parameters and not stack.masks(key) and stack.parameters[key] == v for key, v in given.items()
    )


def missing(required: Collection[str], given: Mapping[str, str], stack: Stack | None) -> list[str]:
    """The required parameters that neither the user nor the stack provides, in the order given."""
    known = {} if stack is None or stack.status.only_planned else stack.parameters
    return [key for key in required if key not in given and key not in known]
