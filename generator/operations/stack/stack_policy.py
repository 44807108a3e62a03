"""The stack policy: AWS itself refuses an update that would replace or delete what must survive.

A change set does not bind what happens at execution (a dynamic reference is read again then), a stack policy does. It
cannot be part of a change set, so it is set after the stack is created, adopted or upgraded. An update that names a
protected resource lifts the policy for that resource and sets it back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.operations import polling
from generator.operations.stack.watch import NotFollowed

SURVIVORS = (
    Resource.INSTANCE,
    Resource.STACK_KEY,
    Resource.ADMIN_SECRET,
    Resource.SESSION_LOG_GROUP,
    Resource.SECURITY_GROUP,
)
"""What no update may replace or delete unless it names it."""
PREFIX = "LogicalResourceId/"
LOSS, TOUCH = ["Update:Replace", "Update:Delete"], ["Update:*"]


def document(resources: Collection[str], untouchable: Collection[str] = ()) -> str:
    """The policy, as JSON text, of a stack whose template has these resources; CloudFormation refuses unknown ones.

    `untouchable`: resources that an update may not modify either.
    Source: CloudFormation user guide, "Prevent updates to stack resources"; a Deny without a Resource denies nothing.
    """
    survivors = [name for name in map(str, SURVIVORS) if name in resources]
    everything = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    statements = [
        everything,
        _deny(LOSS, [name for name in survivors if name not in untouchable]),
        _deny(TOUCH, [name for name in survivors if name in untouchable]),
    ]
    return json.dumps({"Statement": [statement for statement in statements if statement]})


def _deny(actions: list[str], logical_ids: list[str]) -> dict[str, object]:
    """The statement, {} where it would name nothing."""
    named = [f"{PREFIX}{name}" for name in logical_ids]
    return {"Effect": "Deny", "Action": actions, "Principal": "*", "Resource": named} if named else {}


def is_ours(body: str) -> bool:
    """Whether a stack's policy is one that this product sets, in whatever version, or none at all."""
    if not body:
        return True
    known = {f"{PREFIX}{name}" for name in SURVIVORS}
    try:
        allow, *denials = json.loads(body)["Statement"]
        return (
            allow == {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
            and len(denials) <= 2
            and all(_is_our_denial(denial, known) for denial in denials)
        )
    except (ValueError, KeyError, TypeError):
        return False


def _is_our_denial(denial: dict[str, object], known: set[str]) -> bool:
    """Whether it is one that we write: all that survive against loss, or the instance alone against any touch."""
    named = denial["Resource"]
    if set(denial) != {"Effect", "Action", "Principal", "Resource"} or not isinstance(named, list):
        return False
    touch = denial["Action"] == TOUCH and named == [f"{PREFIX}{Resource.INSTANCE}"]
    return denial["Effect"] == "Deny" and (touch or (denial["Action"] == LOSS and set(named) <= known))


def lets_go(body: str, resources: Collection[str]) -> tuple[str, ...]:
    """What must survive, among these logical IDs, and which a policy, of whoever, does not keep by its name."""
    denied: dict[str, set[str]] = {}
    for statement in _listed(json.loads(body)["Statement"]) if body else ():
        for name in _listed(statement.get("Resource", [])) if statement["Effect"] == "Deny" else ():
            denied.setdefault(str(name).removeprefix(PREFIX), set()).update(_listed(statement.get("Action", [])))
    survivors = (str(name) for name in SURVIVORS if name in resources)
    return tuple(
        name for name in survivors if not ("Update:*" in denied.get(name, ()) or set(LOSS) <= denied.get(name, set()))
    )


def without(body: str, logical_ids: Collection[str]) -> str:
    """A stack's policy that no longer denies anything of these resources, whoever wrote it."""
    statements = _listed(json.loads(body)["Statement"])
    for statement in statements:
        if statement["Effect"] == "Deny" and "Resource" in statement:
            named = _listed(statement["Resource"])
            statement["Resource"] = [name for name in named if name.removeprefix(PREFIX) not in logical_ids]
    return json.dumps({"Statement": [each for each in statements if each.get("Resource") != []]})


def _listed(value: Any) -> list[Any]:
    """A policy may have one thing where a list can be."""
    return value if isinstance(value, list) else [value]


def _same(one: str, other: str) -> bool:
    """Whether two policies say the same; AWS need not give back the text that it was given."""
    return one == other or bool(one and other and json.loads(one) == json.loads(other))


def ensure(gateway: Gateway, stack_id: str, body: str) -> None:
    """Set the stack's policy where it has none, or an earlier one of ours; one that somebody else wrote stays."""
    current = gateway.cloudformation.get_stack_policy(stack_id)
    if not _same(current, body) and is_ours(current):
        gateway.cloudformation.set_stack_policy(stack_id, body)


@contextmanager
def lifted(gateway: Gateway, stack_id: str, logical_ids: Collection[str], say: Callable[[str], None]) -> Iterator[None]:
    """Let the stack's policy go for these resources as long as one update runs, and set it back, after a failure too.

    While an update goes on unwatched, after Ctrl-C as well, it stays lifted: AWS would fail what is still to be
    replaced. The error, or what is said, has the command that sets it back.
    """
    former = gateway.cloudformation.get_stack_policy(stack_id) if logical_ids else ""
    if not former:
        yield
        return
    lifting = without(former, logical_ids)
    try:
        gateway.cloudformation.set_stack_policy(stack_id, lifting)
        yield
    except NotFollowed as error:
        raise error.explained(also=_stays_lifted(gateway, stack_id, former)) from error
    except BaseException:  # Ctrl-C, a closed pipe, a bug: whatever ends the command early
        if _goes_on(gateway, stack_id):
            say(_stays_lifted(gateway, stack_id, former))
        else:
            _set_back(gateway, stack_id, former, say)
        raise
    if _same(gateway.cloudformation.get_stack_policy(stack_id), lifting):  # an upgrade has set its own by now
        gateway.cloudformation.set_stack_policy(stack_id, former)


def _set_back(gateway: Gateway, stack_id: str, former: str, say: Callable[[str], None]) -> None:
    """Set the former policy; where that fails too, say so, and let the first error be the one that is raised."""
    try:
        polling.patiently(gateway, lambda: gateway.cloudformation.set_stack_policy(stack_id, former))
    except DeployerError as error:
        say(f"The stack policy could not be set back: {error.message} {_back(gateway, stack_id, former)}")


def _goes_on(gateway: Gateway, stack_id: str) -> bool:
    """Whether AWS is still updating the stack; also where it cannot be asked."""
    try:
        return gateway.cloudformation.describe_stack(stack_id).status.in_progress
    except DeployerError:
        return True


def _stays_lifted(gateway: Gateway, stack_id: str, former: str) -> str:
    """That the policy stays lifted, and the command that sets it back; another's policy is known here alone."""
    return f"The stack policy stays lifted while the update goes on. {_back(gateway, stack_id, former)}"


def _back(gateway: Gateway, stack_id: str, former: str) -> str:
    words = ("set-stack-policy", "--stack-name", stack_id, "--stack-policy-body", former)
    ours = is_ours(former)
    back = gateway.commands.deployer("upgrade") if ours else gateway.commands.aws("cloudformation", *words)
    return f"Set it back afterwards with: {back}"


def repair(gateway: Gateway, stack_id: str, untouchable: Collection[str]) -> None:
    """Set the policy back that an update lifted and could not be followed to its end. A stack without one gets none."""
    if gateway.cloudformation.get_stack_policy(stack_id):
        resources = gateway.cloudformation.list_stack_resources(stack_id)
        ensure(gateway, stack_id, document({r.logical_id for r in resources if not r.status.deleted}, untouchable))
