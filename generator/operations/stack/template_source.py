"""Which template an update uses: the stack's own, or this version's with the stack's own instance carried over."""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import Refused
from generator.gateway.aws import Gateway
from generator.model import parameter_options
from generator.model.contract import INSTANCE_PARAMETERS, Parameter, Resource
from generator.model.plan import UpRequest
from generator.model.stack import Stack


@dataclass(frozen=True)
class TemplateSource:
    """The template of an update.

    `body`: its text, None for the template that the stack has. `keys`: the parameters it declares. `unchanged`: whether
    it means the same as the stack's. `untouchable`: logical IDs that the update must not touch at all.
    """

    body: str | None
    keys: frozenset[str]
    unchanged: bool = False
    untouchable: frozenset[str] = frozenset()


def parameters_only(request: UpRequest, stack: Stack) -> bool:
    """Whether the stack's own template serves: values were given, all of them known to it, and no upgrade asked."""
    return bool(request.given) and not request.upgrade and all(key in stack.parameters for key in request.given)


def template_source(gateway: Gateway, request: UpRequest, stack: Stack | None) -> TemplateSource:
    """The template with which to plan `request`.

    Reads the stack's template (one call) where ours meets it, or where a value may reach the instance's definition.
    Raises Refused for a value that must not reach it, DeployerError where the stack's template cannot be brought here.
    """
    if stack is None or stack.status.only_planned:
        from generator.template.emit import emit  # troposphere costs 50 ms: only where a template is needed

        return TemplateSource(emit("yaml"), frozenset(parameter_options.PARAMETERS))
    own = parameters_only(request, stack)
    if own and not _may_reach_the_instance(request):
        return TemplateSource(None, frozenset(stack.parameters))
    return _beside(gateway.cloudformation.get_template(stack.stack_id), request, stack, own)


def _may_reach_the_instance(request: UpRequest) -> bool:
    known = {str(name) for name in Parameter}
    return any(key in INSTANCE_PARAMETERS or key not in known for key in request.given)


def _beside(live: str, request: UpRequest, stack: Stack, own: bool) -> TemplateSource:
    """The source where the stack's template was read: ours beside it, or (`own`) that template itself."""
    from generator.template.adoption import adopt, same_document
    from generator.template.emit import emit

    adopted = adopt(emit("yaml"), live)
    untouchable = frozenset({str(Resource.INSTANCE)}) if adopted.rereads_image else frozenset[str]()
    if untouchable:
        _refuse_values_of_the_instance(request, stack, adopted.fixed)
    if own:
        return TemplateSource(None, frozenset(stack.parameters), untouchable=untouchable)
    return TemplateSource(adopted.text, adopted.parameters, same_document(adopted.text, live), untouchable)


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
