"""CloudFormation: stacks, change sets and events."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from generator.errors import StackNotFound
from generator.gateway.cloudformation_errors import stack_not_found
from generator.gateway.property_values import masked_parameters, properties_after, values
from generator.gateway.service import Answer, Service
from generator.model.arn import Arn
from generator.model.change_set import Change, ChangeSet, ChangeSetRequest
from generator.model.stack import Stack, StackEvent, StackResource, StackStatus
from generator.model.update_effect import Replacement, Touched, judge

# IAM names given by the user need CAPABILITY_NAMED_IAM; capabilities are not remembered between operations.
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


class CloudFormation(Service):
    """Domain verbs over the CloudFormation API. `stack_id` is the ARN of the stack seen last; empty before."""

    stack_id = ""

    def describe_stack(self, name: str) -> Stack:
        """Describe one stack by name or ARN. Raises StackNotFound; a deleted stack counts as not there by name."""
        stacks = self._call("describe_stacks", StackName=name)["Stacks"]
        if not stacks:
            raise stack_not_found(name, self._region)
        self.stack_id = str(Arn.parse(stacks[0]["StackId"]))
        return _stack(stacks[0])

    def find_stack(self, name: str) -> Stack | None:
        """Describe one stack, or None when there is none."""
        try:
            return self.describe_stack(name)
        except StackNotFound:
            return None

    def get_template(self, name: str, change_set: str = "") -> str:
        """Return the stack's template, or that of a change set, as it was submitted (JSON text when AWS parsed it)."""
        of = {"ChangeSetName": change_set} if change_set else {}
        body = self._call("get_template", StackName=name, TemplateStage="Original", **of)["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)

    def create_change_set(self, request: ChangeSetRequest) -> str:
        """Start a change set; return its ARN. CloudFormation works it out afterwards."""
        template: Answer = {"UsePreviousTemplate": True}
        if request.template_body is not None:
            template = {"TemplateBody": request.template_body}
        if request.template_url:
            template = {"TemplateURL": request.template_url}
        optional: Answer = {} if request.tags is None else {"Tags": _pairs(request.tags)}
        if request.description:
            optional["Description"] = request.description
        if request.role_arn:
            optional["RoleARN"] = request.role_arn
        if request.notification_arns is not None:
            optional["NotificationARNs"] = list(request.notification_arns)
        answer = self._call(
            "create_change_set",
            StackName=request.stack_name,
            ChangeSetName=request.name,
            ChangeSetType="CREATE" if request.creates else "UPDATE",
            Capabilities=CAPABILITIES,
            Parameters=[_parameter(key, value) for key, value in sorted(request.parameters.items())],
            ClientToken=request.name,  # sent again after a lost answer, it makes no second one
            **template,
            **optional,
        )
        return str(answer["Id"])

    def describe_change_set(self, change_set_id: str) -> ChangeSet:
        """Read a change set whole (all pages), with the values that may be shown."""
        asked: Answer = {"ChangeSetName": change_set_id, "IncludePropertyValues": True}
        pages = [self._call("describe_change_set", **asked)]
        while token := pages[-1].get("NextToken"):
            pages.append(self._call("describe_change_set", **asked, NextToken=token))
        masked = masked_parameters(pages[0])
        changes = (change["ResourceChange"] for page in pages for change in page.get("Changes", ()))
        first = pages[0]
        self.stack_id = str(first["StackId"])
        return ChangeSet(
            change_set_id=first["ChangeSetId"],
            name=first["ChangeSetName"],
            stack_id=first["StackId"],
            status=first["Status"],
            status_reason=first.get("StatusReason", ""),
            changes=tuple(_change(change, masked) for change in changes),
        )

    def execute_change_set(self, change_set_id: str, token: str, *, disable_rollback: bool = False) -> None:
        """Start what the change set says. `token` marks the operation's events (ClientRequestToken)."""
        optional: Answer = {"DisableRollback": True} if disable_rollback else {}
        self._call("execute_change_set", ChangeSetName=change_set_id, ClientRequestToken=token, **optional)

    def delete_change_set(self, change_set: str, stack_name: str = "") -> None:
        """Throw a change set away, by its ARN, or by its name and the stack's; nothing of the stack changes."""
        optional: Answer = {"StackName": stack_name} if stack_name else {}
        self._call("delete_change_set", ChangeSetName=change_set, **optional)

    def delete_stack(self, stack_id: str, token: str, retain: Iterable[str] = (), role_arn: str = "") -> None:
        """Start the deletion. `retain` names resources to leave behind (allowed after DELETE_FAILED only)."""
        retained = sorted(retain)
        optional: Answer = {"RetainResources": retained} if retained else {}
        if role_arn:
            optional["RoleARN"] = role_arn
        self._call("delete_stack", StackName=stack_id, ClientRequestToken=token, **optional)

    def update_termination_protection(self, name: str, enabled: bool) -> None:
        """Switch termination protection."""
        self._call("update_termination_protection", StackName=name, EnableTerminationProtection=enabled)

    def get_stack_policy(self, name: str) -> str:
        """The stack's policy as JSON text, "" where it has none."""
        return str(self._call("get_stack_policy", StackName=name).get("StackPolicyBody", ""))

    def set_stack_policy(self, name: str, body: str) -> None:
        """Set the stack's policy (JSON text). It binds every later update until another one is set."""
        self._call("set_stack_policy", StackName=name, StackPolicyBody=body)

    def continue_update_rollback(self, name: str, token: str, skip: Iterable[str] = ()) -> None:
        """Resume a rollback that is stuck (UPDATE_ROLLBACK_FAILED), leaving the resources `skip` as they are."""
        skipped = sorted(skip)
        optional: Answer = {"ResourcesToSkip": skipped} if skipped else {}
        self._call("continue_update_rollback", StackName=name, ClientRequestToken=token, **optional)

    def rollback_stack(self, name: str, token: str) -> None:
        """Roll back an update that failed and was not rolled back (UPDATE_FAILED)."""
        self._call("rollback_stack", StackName=name, ClientRequestToken=token)

    def list_stack_resources(self, name: str) -> list[StackResource]:
        """Every resource of the stack, in AWS's order."""
        pages = self._pages("list_stack_resources", StackName=name)
        return [_resource(summary) for page in pages for summary in page["StackResourceSummaries"]]

    def events_newest_first(self, stack_id: str) -> Iterator[StackEvent]:
        """Every event of the stack that AWS still has (90 days), the newest first; pages are read as needed."""
        for page in self._pages("describe_stack_events", StackName=stack_id):
            yield from map(_event, page["StackEvents"])

    def stack_events(
        self, stack_id: str, *, after: str | None = None, token: str | None = None, limit: int | None = None
    ) -> list[StackEvent]:
        """Events in time order; AWS gives them newest first, and pages are read only as far as needed.

        Reading stops at the event with id `after`, and at `limit` events. With `token` (the ClientRequestToken) events
        of other operations are left out: newer ones are passed over, as the next operation may begin between two
        looks, and reading stops at an older one, or with the first page that has none of ours.
        """
        events: list[StackEvent] = []
        for page in self._pages("describe_stack_events", StackName=stack_id):
            for event in map(_event, page["StackEvents"]):
                ours = token is None or event.token == token
                if event.event_id == after or len(events) == limit or (events and not ours):
                    return events[::-1]
                events += [event] if ours else []
            if token is not None and not events and after is None:
                break
        return events[::-1]


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _parameter(key: str, value: str | None) -> dict[str, Any]:
    if value is None:
        return {"ParameterKey": key, "UsePreviousValue": True}
    return {"ParameterKey": key, "ParameterValue": value}


def _stack(raw: Answer) -> Stack:
    return Stack(
        name=raw["StackName"],
        stack_id=raw.get("StackId", ""),
        status=StackStatus(raw["StackStatus"]),
        status_reason=raw.get("StackStatusReason", ""),
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in raw.get("Parameters", ())},
        outputs={o["OutputKey"]: o["OutputValue"] for o in raw.get("Outputs", ())},
        tags={t["Key"]: t["Value"] for t in raw.get("Tags", ())},
        termination_protection=raw.get("EnableTerminationProtection", False),
        role_arn=raw.get("RoleARN"),
        notification_arns=tuple(raw.get("NotificationARNs", ())),
        created=raw.get("CreationTime"),
        updated=raw.get("LastUpdatedTime"),
    )


def _change(raw: Answer, masked: Collection[str] = ()) -> Change:
    targets = [detail.get("Target", {}) for detail in raw.get("Details", ())]
    touched = [Touched(t.get("Name", ""), t.get("RequiresRecreation", "Never")) for t in targets]
    modifies = raw["Action"] == "Modify"  # with property values, an Add has Replacement True as well
    stated = Replacement.of(raw.get("Replacement")) if modifies else Replacement.NO
    replacement, interrupts = judge(raw["ResourceType"], stated, touched, properties_after(raw))
    return Change(
        logical_id=raw["LogicalResourceId"],
        resource_type=raw["ResourceType"],
        action=raw["Action"],
        replacement=replacement,
        physical_id=raw.get("PhysicalResourceId", ""),
        properties=tuple(sorted({t["Name"] for t in targets if t.get("Name")})),
        scope=tuple(raw.get("Scope", ())),
        policy_action=raw.get("PolicyAction", ""),
        echo_of=_echo_of(raw.get("Details", ())),
        interrupts=interrupts,
        values=values(raw, masked),
    )


def _echo_of(details: Sequence[Answer]) -> tuple[str, ...]:
    """What the resource merely refers to, when every detail is of that kind; empty when anything else changes."""
    merely = all(
        d.get("Evaluation") == "Dynamic" and d.get("ChangeSource") in ("ResourceAttribute", "ResourceReference")
        for d in details
    )
    return tuple(sorted({d.get("CausingEntity", "") for d in details})) if merely else ()


def _resource(raw: Answer) -> StackResource:
    return StackResource(
        logical_id=raw["LogicalResourceId"],
        physical_id=raw.get("PhysicalResourceId", ""),
        resource_type=raw["ResourceType"],
        status=StackStatus(raw["ResourceStatus"]),
        status_reason=raw.get("ResourceStatusReason", ""),
    )


def _event(raw: Answer) -> StackEvent:
    return StackEvent(
        event_id=raw["EventId"],
        stack_id=raw["StackId"],
        logical_id=raw.get("LogicalResourceId", ""),
        physical_id=raw.get("PhysicalResourceId", ""),
        resource_type=raw.get("ResourceType", ""),
        status=StackStatus(raw.get("ResourceStatus", "")),
        reason=raw.get("ResourceStatusReason", ""),
        time=raw["Timestamp"],
        token=raw.get("ClientRequestToken", ""),
    )
