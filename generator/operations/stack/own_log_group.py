"""A log group of the customer's own for shells, looked at before a stack uses it."""

from __future__ import annotations

from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import Parameter
from generator.model.parameter_options import option
from generator.model.session_log import is_name
from generator.operations import resource_states

VERDICT = "Nothing was changed."


def require(gateway: Gateway, name: str) -> None:
    """Raise UsageError for what is no name of a log group, and Refused for one that would log no shell; "" is none.

    Raises AwsError where log groups may not be listed: what nobody has seen is not used.
    """
    if not name:
        return
    if not is_name(name):
        raise UsageError(
            f"{name!r} is not the name of a log group.",
            f"Give one of letters, digits and _ . / # -: {option(Parameter.LOG_GROUP)} /aws/ssm/CELL/cluster",
            code="log-group",
        )
    if broken := resource_states.own_log_group(gateway, name):
        raise resource_states.refusal((broken,), VERDICT)
