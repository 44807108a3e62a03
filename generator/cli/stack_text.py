"""How plans, events, stacks and results read: pure functions from values to lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.change_set import harmless_echoes
from generator.model.policy_change import sentence_of

if TYPE_CHECKING:
    from generator.model.access_path import OtherPaths
    from generator.model.change_set import Change
    from generator.model.command_line import CommandLine
    from generator.model.down import AccessBefore, DownPlan, DownResult
    from generator.model.first_up import DefaultsPlan
    from generator.model.network import PublicSubnet, SubnetWarning
    from generator.model.recovery import RecoveryChoices, RecoveryGroup
    from generator.model.stack import StackEvent
    from generator.model.up import RotationSchedule, UpPlan, UpResult

_VERB = {"Add": "add", "Modify": "modify", "Remove": "remove", "Import": "import"}
_REPLACED = {"no": "", "conditional": "may be replaced", "yes": "replaced"}  # by the value of Replacement
_TEMPLATE = {
    "new": "this version's template",
    "published": "the published template",
    "unchanged": "its own template; only values change",
}
INTERRUPTS = "interrupts: stopped and started"
LONGEST_PAIR = 90  # characters of a property with both values on a line of a plan


def up_plan_lines(plan: UpPlan) -> list[str]:
    """All that a person should know before saying yes; for a plan without changes, that and the next step."""
    lines = [unchanged_line(plan)] if plan.change_set is None else plan_lines(plan)
    lines += [
        *leaving_lines(plan),
        *remaining_lines(plan.remaining),
        *note_lines((*plan.notes, *plan.plan_notes)),
        *policy_lines(plan),
        *version_lines(plan),
    ]
    lines += [*rotation_lines(plan.rotation), *subnet_lines(plan.subnet)]
    return [*lines, *([f"  next: {plan.next_step}"] if plan.next_step else [])]


def defaults_lines(plan: DefaultsPlan) -> list[str]:
    """The defaults that would be stored, as `config set` says them."""
    values = [f"  {name} = {value}" for name, value in plan.values.items()]
    note = ["  This is the sandbox. Once stored, they hold for AWS as well."] if plan.sandbox else []
    return [f"As defaults, in {plan.path}:", *values, *note]


def public_subnet_lines(plan: PublicSubnet) -> list[str]:
    """Why a public subnet does not serve."""
    return [
        "  That subnet is public. The instance gets no public address, so it would have no internet access:",
        "  it needs a private subnet with a NAT gateway or VPC endpoints.",
    ]


def plan_lines(plan: UpPlan) -> list[str]:
    """The plan as a person reads it: removals and replacements first."""
    template = _TEMPLATE[plan.template]
    rows = ["  " + line for line in table(_rows(plan))]
    return [f"  from {template}", "", *rows, "", f"  {counts(plan)}", *_objection_lines(plan)]


def counts(plan: UpPlan) -> str:
    """How many resources are added, modified, replaced and removed."""
    echoes = harmless_echoes(plan.changes)
    changes = [change for change in plan.changes if change.logical_id not in echoes]
    parts = {
        "to add": sum(c.action == "Add" for c in changes),
        "to modify": sum(c.action == "Modify" and not c.loses for c in changes),
        "of these interrupted": sum(c.interrupts for c in changes),
        "that are or may be replaced": sum(c.loses and not c.removes for c in changes),
        "to remove": sum(c.removes for c in changes),
    }
    return ", ".join(f"{number} {what}" for what, number in parts.items() if number) + "."


def action(plan: UpPlan) -> str:
    """What a plan would do, in the heading over it; "" for a plan without changes."""
    if plan.change_set is None:
        return ""
    return f"{'Create' if plan.creates else 'Update'} the stack {plan.stack_name}"


def question(plan: UpPlan) -> str:
    """What is asked before anything is done, without the place."""
    return f"{action(plan)}{_ending(plan)}"


def _ending(plan: UpPlan) -> str:
    if plan.access_loss is None:
        return ""
    if plan.access_loss.unread:
        return ", and end whatever sessions are open,"
    number = len(plan.access_loss.sessions)
    return f", and end {number} open session{'' if number == 1 else 's'}," if number else ""


def unchanged_line(plan: UpPlan) -> str:
    """The line for a plan without changes."""
    if plan.upgrade_available:
        return f"The stack {plan.stack_name} has an earlier template, and no value was given: nothing to change."
    return f"The stack {plan.stack_name} is up to date: nothing to change."


def version_lines(plan: UpPlan) -> list[str]:
    """The changelog between the version of the stack's template and this one."""
    return [
        line
        for each in plan.versions
        for line in (f"  What changes with version {each.version}:", *(f"    - {text}" for text in each.changes))
    ]


def policy_lines(plan: UpPlan) -> list[str]:
    """What each policy gains and loses with an upgrade, in the sentences that the Sids are."""
    lines = []
    for change in plan.policy_changes:
        lines.append(f"    {change.logical_id}")
        for word, sids in (("gains", change.gained), ("loses", change.lost), ("rewords", change.altered)):
            lines += [f"      {word}: {', '.join(map(sentence_of, sids))}"] if sids else []
    return ["  What the policies gain and lose:", *lines] if lines else []


def _rows(plan: UpPlan) -> list[tuple[str, ...]]:
    """A row for each change; what only refers to a resource that stays is listed last, as unchanged."""
    echoes = harmless_echoes(plan.changes)
    changing = [_change_row(change) for change in plan.changes if change.logical_id not in echoes]
    return changing + [_echo_row(change) for change in plan.changes if change.logical_id in echoes]


def _echo_row(change: Change) -> tuple[str, ...]:
    return ("unchanged", change.logical_id, change.resource_type, "", f"only refers to {', '.join(change.echo_of)}")


def _change_row(change: Change) -> tuple[str, ...]:
    verb = _VERB.get(change.action, change.action.lower())
    retained = (
        f"(kept: {change.policy_action})"
        if "Retain" in change.policy_action or "Snapshot" in change.policy_action
        else ""
    )
    detail = ", ".join(_properties(change)) if change.action == "Modify" else ""
    if change.echo_of:
        detail = f"only refers to {', '.join(change.echo_of)}"
    effect = _REPLACED[change.replacement.value] or (INTERRUPTS if change.interrupts else "")
    return (verb, change.logical_id, change.resource_type, effect, detail or retained)


def _properties(change: Change) -> list[str]:
    """The properties that change, each with its value before and after where that may be shown and is short."""
    pairs = {each.path: f"{each.path} {_value(each.before)} -> {_value(each.after)}" for each in change.values}
    short = {path: pair for path, pair in pairs.items() if len(pair) <= LONGEST_PAIR}
    plain = [name for name in change.properties if not any(path.split("/")[0] == name for path in short)]
    return sorted([*short.values(), *plain])


def _value(value: str | None) -> str:
    return "(none)" if value is None else value or '""'


def _objection_lines(plan: UpPlan) -> list[str]:
    return [f"  refused: {o.change.logical_id} {o.reason}" for o in plan.objections]


def leaving_lines(plan: UpPlan) -> list[str]:
    """Who loses access with the plan, and which open sessions are ended for it."""
    if plan.access_loss is None:
        return []
    who = " and ".join(f"the support {h.kind} {h.name}" for h in plan.access_loss.holders)
    if plan.access_loss.unread:
        return [f"  Open sessions of {who} are ended first; they could not be listed: {plan.access_loss.unread}"]
    ids = [session.session_id for session in plan.access_loss.sessions]
    if not ids:
        return [f"  No session of {who} is open."]
    return [f"  {len(ids)} open session{'' if len(ids) == 1 else 's'} of {who} will be ended: {', '.join(ids)}"]


def remaining_lines(remaining: OtherPaths | None) -> list[str]:
    """What lets support in although its user or role goes."""
    if remaining is None:
        return []
    still, unknown = "  Support is still let in by:", "  Not known whether support is let in otherwise:"
    return other_path_lines(remaining, still, unknown)


def other_path_lines(others: OtherPaths, heading: str, unknown: str) -> list[str]:
    """Paths besides a grant, each with the command that removes it; then what could not be asked."""
    lines = [heading] if others.paths else []
    lines += [line for path in others.paths for line in (f"    {path.label}", f"      to remove it: {path.remove}")]
    lines += [unknown] if others.unread else []
    return [*lines, *(f"    {unread}" for unread in others.unread)]


def note_lines(notes: tuple[str, ...]) -> list[str]:
    """What a person should know about the access that remains."""
    return [f"  NOTE  {note}" for note in notes]


def rotation_lines(schedule: RotationSchedule | None) -> list[str]:
    """What a plan does to the rotation schedule that a person set for the key."""
    if schedule is None:
        return []
    return [f"  This template resets the key's rotation (every {schedule.days} days); deployer restores it afterwards."]


def subnet_lines(warning: SubnetWarning | None) -> list[str]:
    """What an instance in the chosen subnet could not reach, and how to change that."""
    if warning is None:
        return []
    from generator.model.vpc_endpoints import NO_INTERNET, WITHOUT_NAT

    subnet = warning.subnet_id
    if warning.unchecked:
        return [f"  NOTE  Could not check whether {subnet} has a route to Systems Manager: {warning.unchecked}"]
    if not warning.absent:
        return [f"  NOTE  {subnet} has {warning.route}. {NO_INTERNET}:", f"        see {WITHOUT_NAT}."]
    another = "another --subnet-id, or: " if warning.other_subnet else ""
    return [
        f"  NOTE  {subnet} has {warning.route}, and its VPC has no endpoint for {', '.join(warning.absent)}.",
        "        The instance could not be reached, and the stack would be rolled back after half an hour.",
        f"        Endpoints fix that. {NO_INTERNET}: {WITHOUT_NAT}",
        f"  next: {another}{warning.remediation}",
    ]


def event_line(event: StackEvent) -> str:
    """One event on one line, times in UTC."""
    line = f"{event.time:%H:%M:%S}  {event.status:<28}  {event.logical_id}"
    return f"{line}  {event.reason}" if event.reason else line


def up_lines(result: UpResult) -> list[str]:
    """The stack's outputs, and the checks where something was removed."""
    lines = table([(key, value) for key, value in sorted(result.outputs.items())])
    checks = table([("ok" if c.holds else "FAIL", c.subject, c.answer) for c in result.checks])
    return [*lines, *([""] if checks and lines else []), *checks]


def done_lines(result: UpResult) -> list[str]:
    """What the stack is after a change, before its outputs."""
    if not result.changed:
        return []
    known = (*note_lines(result.notes), *remaining_lines(result.remaining))
    return [f"The stack {result.stack_name} is {result.status}.", *known]


def next_steps(result: UpResult, commands: CommandLine) -> tuple[str, ...]:
    """The command that comes next, after a change that went well: a stack that is new has nobody let in yet."""
    if not result.changed:
        return ()
    if result.database_level is not None:
        return (commands.deployer("db", "bootstrap", "--support", "--permission", result.database_level),)
    if result.status != "CREATE_COMPLETE" or not {"SupportSecretArn", "SupportRoleArn"} & set(result.outputs):
        return ()
    return (commands.deployer("access", "grant", "--principal", "ARN", "--for", "8h", "--reason", "TICKET"),)


def down_plan_lines(plan: DownPlan) -> list[str]:
    """What a deletion removes and what it retains."""
    lost = table([("  " + r.logical_id, r.resource_type, r.physical_id) for r in plan.lost])
    retained = [f"  {each.name}: {each.why}" for each in plan.retained] or ["  nothing"]
    warned = [f"  NOTE  {warning}" for warning in plan.warnings]
    return ["This is deleted:", *lost, *warned, *_access_before_lines(plan), "This is retained:", *retained]


def _access_before_lines(plan: DownPlan) -> list[str]:
    """Who is let in, and what of it the deletion ends."""
    if (access := plan.access) is None:
        return []
    until = f"until {access.until}" if access.until else "without an end"
    granted = f"{', '.join(access.granted)} {until}" if access.granted else "nobody"
    who = " and ".join(f"the support {h.kind} {h.name}" for h in access.leaving.holders)
    return [
        "This is the access to it:",
        f"  granted by the stack's record to: {granted}",
        f"  open sessions of {who}: {_open_sessions(access)}",
        f"  With the stack go {who}: keys and credentials that somebody copied of them are refused from then on.",
        *_outliving_lines(access),
    ]


def _open_sessions(access: AccessBefore) -> str:
    if access.leaving.unread:
        return f"not known: {access.leaving.unread}"
    ids = ", ".join(session.session_id for session in access.leaving.sessions)
    return f"{ids}; they end with the instance, which takes some minutes" if ids else "none"


def _outliving_lines(access: AccessBefore) -> list[str]:
    """What the deletion leaves of it, and what closes that too."""
    lines = []
    if access.granted and access.key:
        lines.append(
            "  The key, which is retained, names them in its policy until that end; the secret it opened is gone."
        )
    if access.database:
        lines.append(f"  Not removed: support's user in the database, {access.database}.")
    return [
        *lines,
        "  Not removed: what others opened, such as another role or a policy made by hand. A revocation asks about it,",
        f"  ends open sessions at once and writes a report, as long as there is a stack: {access.revoke}",
    ]


def down_lines(result: DownResult) -> list[str]:
    """What a deletion did, and how to delete what it retained."""
    lines = [f"The stack {result.stack_name} is deleted."]
    lines += table([("ok" if c.holds else "FAIL", c.subject, c.answer) for c in result.checks])
    if result.retained:
        lines.append("Retained, each with the command that deletes it for good:")
        lines += [line for each in result.retained for line in (f"  {each.name}", f"    {each.removal}")]
    return lines


def recovery_lines(group: RecoveryGroup) -> list[str]:
    """The recovery group: a line for itself and one for each host."""
    size = f"recovery group {group.name}: desired capacity {group.desired}"
    return [size, *_host_lines(group)]


def recovery_choice_lines(choices: RecoveryChoices) -> list[str]:
    """What can be done without Session Manager: what each choice opens and needs, and its commands."""
    lines = [
        "The recovery host is reached by Session Manager too. When that is down, AWS has these; deployer makes none.",
    ]
    for choice in choices.choices:
        lines += ["", f"{choice.name} opens {choice.opens}.", f"  It needs {choice.needs}."]
        for word, commands in (("make it", choice.make), ("use it", choice.use), ("remove it", choice.remove)):
            lines += [f"  {word}:", *(f"    {each}" for each in commands)]
    return lines


def recovery_change_lines(group: RecoveryGroup) -> list[str]:
    """The group's hosts, while they are being waited for."""
    return _host_lines(group) or ["  no host"]


def _host_lines(group: RecoveryGroup) -> list[str]:
    return [f"  {h.instance_id}  {h.lifecycle}  {h.ping.lower() or 'not yet managed'}" for h in group.hosts]
