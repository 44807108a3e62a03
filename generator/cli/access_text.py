"""How grants, revocations and the state of access read: pure functions from values to lines."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from generator.cli import stack_text
from generator.cli.render import table
from generator.cli.session_text import span
from generator.model.contract import Parameter, Resource
from generator.model.duration import END_FORMAT

if TYPE_CHECKING:
    from generator.model.access import AccessKey, AccessPolicy, AccessState, VendorInstructions
    from generator.model.access_path import AccessPath, OtherPaths
    from generator.model.command_line import CommandLine
    from generator.model.evidence import Evidence, ReportSignature
    from generator.model.grant import Grant
    from generator.model.session import Session
    from generator.model.up import Check
    from generator.operations.access.grant import GrantResult
    from generator.operations.access.grant_plan import AccessPlan, Overlap
    from generator.operations.access.key import KeyReport, RotatePlan
    from generator.operations.access.policy_attachment import Attachment
    from generator.operations.access.report import Verified
    from generator.operations.access.revocation import Revocation
    from generator.operations.access.revoke import Revoked
    from generator.operations.access.stack_access import StackAccess


def plan_lines(plan: AccessPlan) -> list[str]:
    """Who gains or loses what, then the change set that does it."""
    up = plan.up
    changes = [unchanged_line(plan)] if plan.unchanged else [f"{stack_text.action(up)}:", *stack_text.plan_lines(up)]
    return [*_access_lines(plan), *_verified_lines(plan), *changes]


def _verified_lines(plan: AccessPlan) -> list[str]:
    """The statement that the role's trust policy will have, and what was verified of the session log."""
    if not plan.after.principals:
        return []
    trust = [f"  trust policy of {plan.access.support_role}: {json.dumps(plan.trust)}"] if plan.trust else []
    rows = table([("    ok", check.subject, check.answer) for check in plan.logging])
    return [*trust, *(["  verified, so that a shell of support's is logged:", *rows] if rows else [])]


def _access_lines(plan: AccessPlan) -> list[str]:
    gone = sorted(set(plan.before.principals) - set(plan.after.principals))
    lines = [f"  {_until(plan.after)}"] if plan.after.principals else []
    lines += _ending_lines(plan)
    rows = [(f"  {s.permits}", s.who, f"policy of the {s.policy}") for s in plan.permissions]
    lines += table(rows) if plan.after.principals else ["  nobody has access"]
    lines += [f"  no longer: {principal.arn}" for principal in gone]
    lines += [_overlap_line(pair) for pair in plan.overlaps]
    lines += other_path_lines(plan.others)
    lines += [f"  restored: the {repair.words}" for repair in plan.repairs]
    if plan.moved:
        lines.append(f"  The end changes for these too; it was {plan.before.until_text or 'never'}:")
        lines += [f"    {principal.arn}" for principal in plan.moved]
    if plan.reason_replaced:
        lines.append(f"  A stack has one reason, and this one replaces it for all; it was: {plan.before.reason}")
    return lines


def _overlap_line(pair: Overlap) -> str:
    if pair.foreign:
        return f"  {pair.principal} gets nothing new: it has access by the {pair.covered_by}, which no grant ends."
    return (
        f"  {pair.principal} gets nothing new: {pair.covered_by} covers it. It loses access only when both are revoked."
    )


def other_path_lines(others: OtherPaths) -> list[str]:
    """What lets support in besides the grant."""
    heading = "  Besides this grant, support is let in by what no grant ends:"
    return stack_text.other_path_lines(others, heading, "  Not known whether support is let in besides this grant:")


def _ending_lines(plan: AccessPlan) -> list[str]:
    """What becomes of sessions that are open at the end, where the plan shows it."""
    if not plan.after.principals:
        return []
    from generator.operations.access.session_end import shell_limit

    limit = [f"  Until then {lasts}."] if (lasts := shell_limit(plan.access)) else []
    limit += _cluster_lines(plan)
    if plan.after.until is None:
        never = "  Sessions that support has open have no end either: they go on until access is paused or revoked."
        return [never, *limit]
    if not any(c.logical_id == Resource.ACCESS_END_RULE and not c.removes for c in plan.up.changes):
        return []
    if plan.stopped:
        goes_on = f"  Then IAM refuses everything new, and support's open sessions go on: {plan.stopped.problem}."
        return [goes_on, f"    To have the stack end them: {plan.stopped.repair}", *limit]
    ends = (
        "  Then IAM refuses everything new, and within two minutes the stack ends support's open sessions. Yours go on."
    )
    return [ends, *limit]


def _cluster_lines(plan: AccessPlan) -> list[str]:
    """What the instance's role may do meanwhile in the cluster, where the stack names one."""
    cluster = plan.access.stack.parameters.get(Parameter.EKS_CLUSTER_NAME, "")
    lasts = f"  The instance's role may enter the EKS cluster {cluster} until access is revoked, past the end too."
    return [lasts] if cluster else []


def unchanged_line(plan: AccessPlan) -> str:
    """The line for a grant that changes nothing."""
    if not plan.after.principals:
        return f"Nobody has access to the stack {plan.access.stack.name}: nothing to change."
    return f"They already have this access, {_until(plan.after)}: nothing to change."


def grant_lines(result: GrantResult, commands: CommandLine) -> list[str]:
    """What was read back after a grant, and what to send to the vendor."""
    lines = [*check_lines(result.checks), *other_path_lines(result.others)]
    lines += ["Your own sessions on the instance are never ended by this."] if result.changed else []
    lines += _unfinished_lines(commands) if not (result.changed or all(check.holds for check in result.checks)) else []
    lines += ["", *vendor_lines(result.vendor)] if result.vendor else []
    if database_step(result.access, commands):
        user = result.access.database_user
        lines += ["", f"Create support's user in the database, {user}: needed once, and again after each revoke."]
    return lines


def _unfinished_lines(commands: CommandLine) -> list[str]:
    """What to do where the stack records a grant and AWS has other policies."""
    return [
        "The stack records this grant, and its policies are others, as after a revocation that did not finish.",
        f"  next: {commands.deployer('access', 'revoke', '--all')}",
        "        and then this command again",
    ]


def vendor_lines(needs: VendorInstructions) -> list[str]:
    """What to send to the vendor; nothing in it is secret."""
    route = [("role", needs.role_arn), ("external ID", needs.external_id)] if needs.role_arn else []
    facts = [
        *route,
        ("secret", needs.secret_arn or "-"),
        ("key", needs.key_arn),
        ("region", needs.region),
        ("instance", needs.instance_id),
        *([("database", needs.database)] if needs.database else []),
        ("until", needs.until or "no end"),
        ("open sessions", needs.sessions),
        ("reason", needs.reason or "-"),
    ]
    policy = json.dumps(needs.identity_policy, indent=2).splitlines()
    return [
        "Send this to the vendor:",
        *("  " + line for line in table([*facts, *(("principal", arn) for arn in needs.principals)])),
        "The vendor attaches this policy to that role or user:",
        *("  " + line for line in policy),
    ]


def database_step(access: StackAccess, commands: CommandLine) -> tuple[str, ...]:
    """The command that comes after a grant if the stack gives support a database: it creates support's user in it."""
    if not access.grant.principals or not access.database_user:
        return ()
    level = access.database_user.rpartition("_")[2]
    return (commands.deployer("db", "bootstrap", "--support", "--permission", level),)


def check_lines(checks: tuple[Check, ...]) -> list[str]:
    """The checks, each with its result: ok or FAIL."""
    return table([("ok" if check.holds else "FAIL", check.subject, check.answer) for check in checks])


def attachment_action(plan: Attachment) -> str:
    """What attaching or removing a policy does, for heading and question."""
    verb, where = ("Remove", "from") if plan.undo else ("Attach", "to")
    return f"{verb} the support policy {where} {plan.kind} {plan.name}"


def attachment_lines(plan: Attachment) -> list[str]:
    """The policy and the tags that an attachment writes or removes."""
    policy = f"  {plan.policy} the policy deepsql-support-ssm of {plan.kind} {plan.name}"
    tag = "  remove the tag of {}" if plan.undo else "  tag {}, because the policy applies to tagged instances"
    return [policy, *(tag.format(instance) for instance in plan.to_tag)]


def revoke_action(revocation: Revocation) -> str:
    """What a revocation does, for the question."""
    return f"Revoke access to the stack {revocation.access.stack.name} for {', '.join(revocation.revoked)}"


def revoke_note(revocation: Revocation) -> str:
    """What a revocation does to those it does not name; "" if there is nothing to add."""
    from generator.operations.access.database_lockdown import endpoint_of

    if not revocation.everybody:
        return "(those who keep access get a new key; open sessions end)"
    database = endpoint_of(revocation.access.stack)
    return f"(In the database {database} support's own users lose access; your people keep theirs)" if database else ""


def evidence_line(item: Evidence) -> str:
    """One step or check of a revocation: when, its verdict, what it is, AWS's answer."""
    return f"{item.at:%H:%M:%S}  {item.verdict:<14}  {item.step}: {item.answered}"


def report_lines(done: Revoked) -> list[str]:
    """The overall verdict, what is left to do, and where the report is."""
    report = done.report
    proven = sum(item.proven is True for item in report.evidence)
    verdict = "Access is revoked" if report.complete else "NOT everything is proven"
    applies = sum(item.proven is not None for item in report.evidence)
    aside = len(report.evidence) - applies
    rest = f"; {aside} {'does' if aside == 1 else 'do'} not apply" if aside else ""
    lines = [f"{verdict}: {proven} of {applies} checks proven{rest}."]
    lines += [f"  to do: {item}" for item in report.left]
    lines += [f"  not asked: {sentence}" for sentence in report.not_asked]
    lines += [f"  report: {file}" for file in done.files]
    lines += [f"  SHA-256 of the JSON file: {report.sha256}"] if done.files else []
    lines += _signature_lines(done.signature) if done.signature else []
    if done.recorded is None:
        return lines
    return [*lines, f"  {'recorded' if done.recorded.holds else 'NOT recorded'}: {done.recorded.answer}"]


def _signature_lines(signature: ReportSignature) -> list[str]:
    if not signature.holds:
        return [f"  NOT signed: {signature.why}"]
    return [f"  signature: {signature.file}", f"  signed by: {signature.key_id}"]


def verified_lines(verified: Verified) -> list[str]:
    """Whether the log has a line for a report's file."""
    if verified.line is None:
        return [
            f"No line in {verified.group} has the SHA-256 of {verified.file}: {verified.sha256}",
            "  The file was changed after the revocation, or the revocation was of another stack.",
        ]
    line = verified.line
    at = f", received {line.recorded:{END_FORMAT}}" if line.recorded else ""
    return [
        f"{verified.file} is unchanged. Revocation on {line.stack_name}, ended {line.ended}: {line.verdict}.",
        f"  SHA-256 {verified.sha256}, as in {verified.group}{at}",
    ]


def rotate_plan_lines(plan: RotatePlan) -> list[str]:
    """What a rotation does to the keys, for whom that counts, and the schedule."""
    new = "inactive, as access is paused" if plan.paused else "active"
    rows = [("  new", f"a key of {plan.user} in the secret, {new}")]
    if plan.key_id:
        rows.append(("  stops", f"{plan.key_id}: whoever uses it has to read the secret again"))
    if plan.every_days:
        rows.append(("  schedule", f"every {plan.every_days} days from now on"))
    return table(rows)


def key_lines(report: KeyReport) -> list[str]:
    """The keys after a change, and the checks."""
    lines = [*table([_key_row(key)[:3] for key in report.keys]), *check_lines(report.checks)]
    return [*lines, f"The key is rotated every {report.every_days} days."] if report.every_days else lines


def state_lines(state: AccessState, aside: str = "") -> list[str]:
    """Who has access, by which path, until when, what is open now, what needs attention; `aside` as Location.aside."""
    grant = state.grant
    head = [
        ("stack", f"{state.stack_name} in {state.account} {state.region}{aside}"),
        *(("granted to", principal.arn) for principal in grant.principals),
        *([] if grant.principals else [("granted to", "nobody")]),
        ("access path", _path_words(state)),
        *([("database", f"{state.database}, by either path")] if state.database else []),
        ("until", _ends(state) + _distance(grant, state.at) if grant.principals else "-"),
        ("reason", (grant.reason or "-") + (" (of the last grant)" if grant.reason and not grant.principals else "")),
    ]
    lines = [*table(head), "", "policies in AWS"]
    lines += [line for policy in state.policies for line in _policy_lines(policy)] or ["  none"]
    of_user = f" of {state.support_user}" if state.support_user else ""
    lines += ["", f"keys{of_user}", *(table([_key_row(key) for key in state.keys]) or ["  none"])]
    endless = {path.name for path in state.paths if path.until is None and path.opens}
    if others := [path for path in state.paths if not path.by_stack or path.name in endless]:
        lines += ["", "other access paths", *table([_path_row(path) for path in others])]
    lines += ["", "open sessions", *(table([_session_row(s) for s in state.sessions]) or ["  none"])]
    if state.findings:
        lines += ["", "needs attention"]
        for finding in state.findings:
            lines += [f"  {finding.subject}: {finding.warning}", *(f"    {line}" for line in finding.hint.splitlines())]
    return lines


def _path_words(state: AccessState) -> str:
    """By which paths somebody is let in, or would be by a grant."""
    granted = bool(state.grant.principals)
    paths = " and ".join(_paths(state, blocks=granted))
    if not paths:
        return "none: there is neither a support user nor a support role"
    return paths if granted else f"none by a grant; one would open it {paths}"


def _paths(state: AccessState, *, blocks: bool) -> list[str]:
    """The access paths that a grant opens, and with `blocks` what blocks them now."""
    blocked = "" if any(key.active for key in state.keys) else ": it is inactive" if state.keys else ": it has none now"
    paused = ": it is paused" if state.grant.paused else ""
    secret = f"by the secret, which holds the support user's key{blocked if blocks else ''}"
    role = f"by the role, which the vendor assumes{paused if blocks else ''}"
    has_role = any(policy.name == "support role" for policy in state.policies)
    opened = (
        (secret, state.support_user and state.grant.allows_path("secret")),
        (role, has_role and state.grant.allows_path("role")),
    )
    return [path for path, is_open in opened if is_open]


def _distance(grant: Grant, now: datetime | None) -> str:
    if grant.until is None or now is None:
        return ""
    return " (over)" if grant.ended(now) else f" (in {span((grant.until - now).total_seconds())})"


def _ends(state: AccessState) -> str:
    """The end in the policies; the one that the stack records if they have none."""
    return " and ".join(f"{end:{END_FORMAT}}" if end else "no end" for end in state.ends) or (
        state.grant.until_text or "no end"
    )


def _until(grant: Grant) -> str:
    return f"until {grant.until_text}" if grant.until else "without an end"


def _policy_lines(policy: AccessPolicy) -> list[str]:
    if policy.unreadable:
        return [f"  {policy.name}: {policy.unreadable}"]
    whose = f"  {policy.name}" + (f" ({policy.policy})" if policy.policy else "")
    rows = [
        (
            f"    {s.effect}",
            s.sid or "(without Sid)",
            ", ".join(s.principal_arns or (p.value for p in s.principals)) or "its holder",
            f"until {s.until:{END_FORMAT}}" if s.until else "",
        )
        for s in policy.statements
    ]
    return [whose, *table(rows)] if rows else [f"{whose}: no statements"]


def _key_row(key: AccessKey) -> tuple[str, ...]:
    used = f"last used {key.last_used:%Y-%m-%d %H:%M} for {key.last_service}" if key.last_used else "never used"
    made = f"made {key.created:%Y-%m-%d}" if key.created else ""
    return (f"  {key.key_id}", key.status, made, used)


def _path_row(path: AccessPath) -> tuple[str, ...]:
    since = f"since {path.since:%Y-%m-%d %H:%M}" if path.since else ""
    return (f"  {path.kind}", path.named, since, "" if path.opens else "gives no access by itself")


def _session_row(session: Session) -> tuple[str, ...]:
    started = f"{session.started:%Y-%m-%d %H:%M}" if session.started else "-"
    return (f"  {session.session_id}", session.owner, started, session.document, session.reason)
