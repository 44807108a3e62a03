"""Which template an update uses: the stack's own, or this version's with the stack's own instance carried over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model import parameter_options
from generator.model.command_line import CommandLine
from generator.model.contract import INSTANCE_PARAMETERS, NO_END, Output, Parameter, Resource
from generator.model.policy_change import PolicyChange
from generator.model.release import is_older, is_pointer
from generator.model.signature import NotVerified
from generator.model.stack import Stack
from generator.model.template_changes import TemplateVersion, versions_since
from generator.model.up import UpRequest
from generator.operations.stack.stack_policy import SURVIVORS, document

if TYPE_CHECKING:
    from generator.template.adoption import Adopted


@dataclass(frozen=True)
class TemplateSource:
    """The template of an update.

    `body`: its text, None for the template that the stack has. `keys`: the parameters it declares. `unchanged`: whether
    it means the same as the stack's. `untouchable`: logical IDs that the update must not touch at all. `policy`: the
    stack policy that belongs to it, "" where the stack keeps its own. `policy_changes`: what its policies gain and
    lose. `versions`: the changelog from the stack's version to this one. `replaces`: the ID of the instance that it
    replaces. `garbled`: resources carried over with what may be lost characters. `notes`: what a person should know
    before saying yes.
    """

    body: str | None
    keys: frozenset[str]
    unchanged: bool = False
    untouchable: frozenset[str] = frozenset()
    policy: str = ""
    policy_changes: tuple[PolicyChange, ...] = ()
    versions: tuple[TemplateVersion, ...] = ()
    replaces: str = ""
    garbled: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def parameters_only(request: UpRequest, stack: Stack) -> bool:
    """Whether the stack's own template serves: values were given, all of them known to it, and no upgrade asked."""
    asked = bool(request.given) or request.settings.given
    return asked and not request.upgrade and all(key in stack.parameters for key in request.given)


def template_source(gateway: Gateway, request: UpRequest, stack: Stack | None) -> TemplateSource:
    """The template with which to plan `request`.

    Reads the stack's template (one call) where ours meets it, or where a value may reach the instance's definition.
    Raises Refused for a value that must not reach it, UsageError for one that only this version's template knows, and
    DeployerError where the stack's template cannot be brought to this version.
    """
    if stack is None or stack.status.only_planned:
        return _new(request)
    if not request.upgrade:
        _refuse_values_of_another_version(request, stack, gateway.commands)
    own = parameters_only(request, stack)
    if own and not _may_reach_the_instance(request):
        return TemplateSource(None, frozenset(stack.parameters))
    live = gateway.cloudformation.get_template(stack.stack_id)
    return _beside(gateway, live, request, stack, own)


def _new(request: UpRequest) -> TemplateSource:
    """The template of a new stack: this version's, or the published one that was named."""
    if request.template is not None:
        from generator.template.adoption import parameters_of

        text = request.template.text
        return TemplateSource(text, parameters_of(text), policy=document(SURVIVORS), notes=(request.template.note,))
    from generator.template.emit import wire  # troposphere costs 50 ms: only where a template is needed

    return TemplateSource(wire(), frozenset(parameter_options.PARAMETERS), policy=document(SURVIVORS))


def _refuse_values_of_another_version(request: UpRequest, stack: Stack, commands: CommandLine) -> None:
    """Raise UsageError for a value that the stack's template does not take and this version's does."""
    for key in request.given:
        if key not in stack.parameters and key in parameter_options.PARAMETERS:
            raise UsageError(
                f"The template of the stack {stack.name} has no parameter {key}: it is of another version.",
                f"Upgrade the stack first, then run this again: {commands.deployer('upgrade')}",
                code="upgrade-first",
            )


def _may_reach_the_instance(request: UpRequest) -> bool:
    if request.settings.tags is not None:  # CloudFormation gives a stack's tags to its resources
        return True
    known = {str(name) for name in Parameter}
    return any(key in INSTANCE_PARAMETERS or key not in known for key in request.given)


def _beside(gateway: Gateway, live: str, request: UpRequest, stack: Stack, own: bool) -> TemplateSource:
    """The source where the stack's template was read: ours beside it, or (`own`) that template itself."""
    from generator.template.adoption import adopt, needs_no_update, version_of
    from generator.template.emit import wire
    from generator.template.lost_characters import garbled, places

    _refuse_older_pointer(request, stack, version_of(live))
    replaces = _replaced(stack) if request.replace_instance else ""
    ours = request.template.text if request.template else wire()
    adopted = adopt(ours, live, replacing=replaces)
    untouchable = _untouchable(adopted, stack)
    if untouchable:
        _refuse_values_of_the_instance(request, stack, adopted.fixed)
        _refuse_tags(request, stack)
    if own:
        return TemplateSource(None, frozenset(stack.parameters), untouchable=untouchable)
    lost = places(adopted.text, ours)
    return TemplateSource(
        body=adopted.text,
        keys=adopted.parameters,
        unchanged=needs_no_update(adopted.text, live),
        untouchable=untouchable,
        policy=document(adopted.resources, untouchable),
        policy_changes=_policy_changes(gateway, live, adopted.text, request, stack),
        versions=tuple(versions_since(version_of(live))),
        replaces=replaces,
        garbled=garbled(lost, ours),
        notes=(
            *([request.template.note] if request.template else []),
            *_lost_notes(lost),
            *_notes(live, adopted, replaces, gateway.commands),
        ),
    )


def _refuse_older_pointer(request: UpRequest, stack: Stack, has: str) -> None:
    """Raise NotVerified for a pointer to an older version than the stack has: an old one may have been played again."""
    if request.template is None or not is_pointer(request.template_url):
        return
    version = request.template.version
    if is_older(version, has):
        from generator.operations.publishing.followed import own_address

        raise NotVerified(
            f"Nothing was changed: the pointer names version {version}, and the stack {stack.name} has {has}.",
            f"It may be an old one, played again: ask the vendor. {own_address(request.template_url, version)}",
            code="pointer-older",
        )


def _policy_changes(
    gateway: Gateway, live: str, new: str, request: UpRequest, stack: Stack
) -> tuple[PolicyChange, ...]:
    """What the policies of this stack gain and lose; those of options that it has not chosen are not among them."""
    from generator.template.policy_changes import policy_changes
    from generator.template.resolved_values import StackPlace

    place = StackPlace(stack.name, gateway.region, gateway.partition, stack.account)
    until = str(Parameter.SUPPORT_ACCESS_UNTIL)
    no_end = {until: NO_END} if stack.parameters.get(until) == "" else {}  # as an older template had it
    return policy_changes(live, new, {**stack.parameters, **no_end, **request.given}, place)


def untouchable(gateway: Gateway, stack: Stack) -> frozenset[str]:
    """What no update of the stack's own template may touch. Reads it (one call)."""
    from generator.template.adoption import adopt
    from generator.template.emit import wire

    return _untouchable(adopt(wire(), gateway.cloudformation.get_template(stack.stack_id)), stack)


def _untouchable(adopted: Adopted, stack: Stack) -> frozenset[str]:
    rereads = adopted.rereads_image or any("{{resolve:" in stack.parameters.get(key, "") for key in adopted.fixed)
    return frozenset({str(Resource.INSTANCE)} if rereads else ())


def _replaced(stack: Stack) -> str:
    """The ID of the instance to replace. Raises Refused where the stack does not say which one that is."""
    if instance_id := stack.outputs.get(Output.INSTANCE_ID, ""):
        return instance_id
    raise Refused(
        f"Nothing was changed: the stack {stack.name} has no output {Output.INSTANCE_ID}, so the instance to "
        "replace is not known.",
        f"Upgrade the stack without --replace-instance first: that adds the output {Output.INSTANCE_ID}.",
        code="instance-unknown",
    )


def _lost_notes(lost: tuple[str, ...]) -> Iterator[str]:
    if lost:
        yield (
            "CloudFormation gives back ? for every character outside ASCII, and what stays of the stack's own template "
            f"has a ? in {', '.join(lost)}. Where that was another character, this would write the ?."
        )


def _notes(live: str, adopted: Adopted, replaces: str, commands: CommandLine) -> Iterator[str]:
    from generator.template.adoption import version_of

    has, gets = version_of(live), version_of(adopted.text)
    if is_older(gets, has):
        yield (
            f"This is an older template than the stack's: {gets}, and the stack has {has}. What came in between is "
            "taken away again."
        )
    if str(Resource.KEEPER_FUNCTION) not in live:
        yield (
            "Support's default shell (aws ssm start-session --target INSTANCE) and AWS's own session documents stop "
            f"working for the vendor. The commands that replace them: {commands.deployer('access', 'confirm')}. To go "
            f"on with the default shell, afterwards: {commands.deployer('up', '--support-default-shell=yes')}"
        )
    if adopted.added:
        yield f"What was added to the stack's template stays in it: {', '.join(dict.fromkeys(adopted.added))}."
    if replaces:
        terminate = commands.aws("ec2", "terminate-instances", "--instance-ids", replaces)
        yield (
            f"The instance {replaces} leaves the stack and keeps running, with DeepSQL's data on its volumes. Nothing "
            "moves that data: DeepSQL on the new instance starts empty, under another instance ID and address. "
            f"When you no longer need the old one (its volumes outlive it): {terminate}"
        )


def _refuse_values_of_the_instance(request: UpRequest, stack: Stack, fixed: frozenset[str]) -> None:
    """Raise Refused for the first value that would change an instance whose image is read again when it is touched."""
    for key, value in request.given.items():
        if key in fixed and (stack.masks(key) or stack.parameters.get(key) != value):
            raise Refused(
                f"Nothing was changed: {key} is part of the definition of this stack's instance, whose image AWS looks "
                "up again with any change of it, so the instance could be replaced and DeepSQL's data lost.",
                f"Leave {parameter_options.option(key)} out, and change the running instance with EC2 itself.",
                code="instance-is-carried",
            )


def _refuse_tags(request: UpRequest, stack: Stack) -> None:
    """Raise Refused for other tags of the stack: CloudFormation gives them to the instance."""
    if request.settings.retags(stack):
        raise Refused(
            f"Nothing was changed: CloudFormation would give the tags to the instance of the stack {stack.name}, "
            "whose image AWS looks up again with any change of it, so the instance could be replaced and DeepSQL's "
            "data lost.",
            "Leave --tags out, and tag the resources themselves, the instance with EC2.",
            code="instance-is-carried",
        )
