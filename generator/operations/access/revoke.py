"""access revoke: a sequence of steps, each with its evidence, that may be stopped anywhere and run again.

Everybody: the key is deactivated, the policies are closed directly, live sessions are ended on the instance and in the
database, the stack is updated, the key is deleted.
One of several: the secret is closed to it, sessions are ended, those who stay get a new key, then the stack is updated.
As long as the stack still names the principal, the same command does it all again.
No step stops another, whatever it meets. The account is read again afterwards and judged by what it is then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.evidence import Evidence, Report, ReportSignature
from generator.model.reading import Problem, Reading
from generator.model.up import Check
from generator.operations import resource_states
from generator.operations.access import (
    database_lockdown,
    key,
    lockdown,
    observations,
    remedies,
    report_signature,
    role,
    session_tokens,
    verdicts,
)
from generator.operations.access import report as evidence_files
from generator.operations.access.best_effort import BestEffortCaller
from generator.operations.access.expectation import knows_grants
from generator.operations.access.not_asked import not_asked
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.readings import do_all, fault_of, permission_of, read
from generator.operations.access.reconcile import reconcile_stack
from generator.operations.access.revocation import Revocation, RevokeRequest, begin
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock

RECORDED_IN = (resource_states.keeper_log_group,)
MAY_BE_WHY = (
    *(resource_states.support_user, resource_states.support_role, resource_states.support_secret),
    *(resource_states.key, resource_states.instance),
)
"""What may have kept a step from its work when somebody has disabled or deleted it. Asked only then."""


class NotDone(DeployerError):
    """A step that did not do its work; the message is the answer in its evidence, the hint what is left."""


@dataclass(frozen=True)
class Step:
    """One step. `act` does it and says in words what it did; `applies` says why there is nothing to do, else ""."""

    name: str
    asked: str
    act: Callable[[Revocation], str]
    applies: Callable[[StackAccess], str] = lambda access: ""


@dataclass(frozen=True)
class Revoked:
    """What a revocation came to, where its report was written, and the line that it left in the stack's log.

    `signature` is None where no key was to sign, or no report was to be written.
    """

    report: Report
    files: tuple[Path, ...] = ()
    recorded: Check | None = None
    signature: ReportSignature | None = None

    @property
    def complete(self) -> bool:
        """Whether access is proven to be revoked, on record where there is a log, and signed where a key was to."""
        signed = self.signature is None or self.signature.holds
        return self.report.complete and signed and (self.recorded is None or self.recorded.holds)


class RevokeCaller(report_signature.SigningCaller, Protocol):
    """A caller that renders a report for people."""

    def page(self, report: Report, signature: ReportSignature | None) -> str:
        """The report as a page of HTML, which says what became of its signature."""
        ...


def revoke(gateway: Gateway, request: RevokeRequest, caller: RevokeCaller, clock: Clock = SYSTEM) -> Revoked:
    """Take access away and prove it; the evidence of each step and verdict is shown as it comes, and returned whole.

    Raises as `begin`; UsageError where the report could not be written or nobody can be asked, and Declined. From the
    first step on nothing stops it; DeployerError then only for a report that could not be written.
    """
    if request.report:
        evidence_files.require_writable(request.report, signed=bool(request.signing_key))
    shown = BestEffortCaller(caller)
    revocation = begin(gateway, request, shown.events, clock)
    signs = bool(request.report and request.signing_key)
    signer = report_signature.opened(gateway, request.signing_key, caller) if signs else None
    caller.confirm(revocation)
    began, evidence = clock.now(), list[Evidence]()
    for item in run(revocation):
        evidence.append(item)
        shown.show(item)
    if any(item.proven is False for item in evidence):
        for sentence in resource_states.described(gateway, revocation.access.stack, MAY_BE_WHY):
            shown.say(sentence)
    resources = stack_resources(gateway, revocation.access)
    proof = report(revocation, began, tuple(evidence), resources)
    recorded = evidence_files.record(gateway, resources, proof, clock, has_file=request.report is not None)
    if recorded is not None and not recorded.holds:
        for sentence in resource_states.described(gateway, revocation.access.stack, RECORDED_IN):
            shown.say(sentence)
    if request.report is None:
        return Revoked(proof, (), recorded)
    return _written(proof, request.report, signer, caller, recorded)


def _written(
    proof: Report,
    file: Path,
    signer: report_signature.Opened | None,
    caller: RevokeCaller,
    recorded: Check | None,
) -> Revoked:
    """Write the evidence, signed where somebody was to sign. Raises DeployerError where it could not be written."""
    name = str(evidence_files.signature_of(file))
    signed = report_signature.sign(proof, name, signer) if signer else None
    signature = signed.signature if signed else None
    files = evidence_files.write(proof, caller.page(proof, signature), file, signed.bundle if signed else "")
    return Revoked(proof, files, recorded, signature)


def run(revocation: Revocation) -> Iterator[Evidence]:
    """Do the steps in order, each yielding its evidence; then look, and yield the evidence of every verdict."""
    gateway, access, everybody = revocation.gateway, revocation.access, revocation.everybody
    for step in CLOSE_TO_ALL if everybody else CLOSE_TO_SOME:
        yield _taken(step, revocation)
    database = database_lockdown.shut(gateway, access, everybody)
    for step in LAST_FOR_ALL if everybody else LAST_FOR_SOME:
        yield _taken(step, revocation)
    seen = observations.observe(gateway, access, revocation.before, database, revocation.clock)
    yield from verdicts.judge(seen, revocation.expectation)


def _taken(step: Step, r: Revocation) -> Evidence:
    """The evidence of one step, whatever becomes of it."""
    if lacks := step.applies(r.access):
        return Evidence(step.name, step.asked, lacks, r.clock.now(), None)
    try:
        return Evidence(step.name, step.asked, step.act(r), r.clock.now(), True)
    except Exception as error:  # no step may stop the next, whatever it meets
        fault = fault_of(error)
        permission = permission_of(step.asked, fault) if fault.problem is Problem.REFUSED else ""
        hint = remedies.after_failure(fault.problem, permission, fault.hint, r.expectation)
        return Evidence(step.name, step.asked, fault.detail, r.clock.now(), False, hint)


def report(
    revocation: Revocation, began: datetime, evidence: tuple[Evidence, ...], resources: Reading[Mapping[str, str]]
) -> Report:
    """The evidence, with whose and by whom. `resources`: the stack's, physical IDs by logical ID."""
    stack = revocation.access.stack
    return Report(
        stack_name=stack.name,
        account=stack.account,
        region=stack.region,
        instance_id=revocation.access.instance_id,
        revoked=revocation.revoked,
        by=_caller(revocation.gateway),
        reason=revocation.after.reason,
        began=began,
        ended=revocation.clock.now(),
        evidence=evidence,
        not_asked=not_asked(revocation.gateway, revocation.access, resources),
    )


def _caller(gateway: Gateway) -> str:
    return read("sts:GetCallerIdentity", gateway.sts.get_caller_arn).value or "unknown"


def _keys(r: Revocation) -> str:
    keys = key.deactivate(r.gateway, r.access, r.before.secret.value, r.before.keys.value)
    return ", ".join(k.key_id for k in keys) or "there is none"


def _role(r: Revocation) -> str:
    exists: list[bool] = []
    do_all(
        (
            lambda: exists.append(role.shut(r.gateway, r.access)),
            lambda: role.cut(r.gateway, r.access, r.after.not_before),
        )
    )
    done = f"nobody can assume it; sessions begun before {r.after.not_before} are refused"
    return done if all(exists) else "the role is gone"


def _restrict_role(r: Revocation) -> str:
    done: list[str] = []
    do_all(
        (
            lambda: done.append(role.restrict(r.gateway, r.access, r.after)),
            lambda: role.cut(r.gateway, r.access, r.after.not_before),
        )
    )
    return f"{''.join(done)}; all sessions begun earlier are refused"


def _sessions(r: Revocation) -> str:
    were, still = lockdown.end_sessions(r.gateway, r.access, r.clock)
    gone = ", ".join(s.session_id for s in were if s not in still) or ("none" if were else "none was open")
    return gone + (f"; still open: {', '.join(s.session_id for s in still)}" if still else "")


def _stack(r: Revocation) -> str:
    """Make it last: the stack's parameters say so from now on, and no later `up` opens the door again.

    By now the key that was there gives nobody temporary credentials any more, so this is the time to refuse older ones.
    """
    is_cut = r.after.not_before != r.access.grant.not_before
    after = r.after.cut(r.clock.now()) if is_cut else r.after
    return reconcile_stack(r.gateway, r.access, after, r.show_events)


def _erase(r: Revocation) -> str:
    """Delete every key: an inactive one could be switched on again."""
    gone = key.delete_all(r.gateway, r.access, r.before.secret.value)
    return ", ".join(k.key_id for k in gone) or "there was none"


def _renew(r: Revocation) -> str:
    """Those who stay get a new key; every key there was before is deleted: the others may know it."""
    if r.before.secret.problem in (Problem.UNREADABLE, Problem.GONE):
        raise NotDone(
            f"The key was not rotated: {r.before.secret.detail}.", remedies.secret_value(r.expectation), code="no-key"
        )
    key.rotate_and_wait(r.gateway, r.access, clock=r.clock)
    stale = [k for k in key.list_keys(r.gateway, r.access.support_user) if k.key_id in (r.expectation.keys or ())]
    do_all([lambda k=k: r.gateway.iam.delete_access_key(k) for k in stale])  # type: ignore[misc]
    return f"deleted: {', '.join(k.key_id for k in stale) or 'none'}; a new key is in the secret"


def _needs_no_end(access: StackAccess) -> str:
    """A template with grants has the statement in its managed policy, and the stack's update writes the time."""
    return _needs_user(access) or ("the stack's policy refuses them" if knows_grants(access) else "")


def _needs_grants(access: StackAccess) -> str:
    return "" if knows_grants(access) else "its template has no grants, so the stack itself gives nobody access"


def _needs_user(access: StackAccess) -> str:
    return "" if access.support_user else "there is no support user"


def _needs_role(access: StackAccess) -> str:
    return "" if access.support_role else "there is no support role"


def _needs_secret(access: StackAccess) -> str:
    return "" if access.secret_arn else "there is no support secret"


def _needs_key(access: StackAccess) -> str:
    return "" if access.key_arn else "the stack has no key of its own"


SESSIONS = Step("live sessions ended", "ssm:TerminateSession, ssm:DescribeSessions", _sessions)
STACK = Step("stack updated", "cloudformation:ExecuteChangeSet", _stack, _needs_grants)
ROLE_CALLS = "iam:UpdateAssumeRolePolicy, iam:PutRolePolicy"
SECRET_CALLS = "secretsmanager:PutResourcePolicy, secretsmanager:DeleteResourcePolicy"  # noqa: S105 - API calls

CLOSE_TO_ALL = (
    Step("key inactive", "iam:UpdateAccessKey, iam:ListAccessKeys", _keys, _needs_user),
    Step("role closed", ROLE_CALLS, _role, _needs_role),
    Step(
        "secret's policy removed",
        "secretsmanager:DeleteResourcePolicy",
        lambda r: lockdown.close_secret(r.gateway, r.access),
        _needs_secret,
    ),
    Step("key's policy closed", "kms:PutKeyPolicy", lambda r: lockdown.close_key(r.gateway, r.access), _needs_key),
    SESSIONS,
)
LAST_FOR_ALL = (
    STACK,
    Step("keys deleted", "iam:DeleteAccessKey", _erase, _needs_user),
    Step(
        "older temporary credentials refused",
        "iam:PutUserPolicy, iam:GetUserPolicy",
        lambda r: session_tokens.cut(r.gateway, r.access, r.clock.now()),
        _needs_no_end,
    ),
)
CLOSE_TO_SOME = (
    Step(
        "secret's policy restricted",
        SECRET_CALLS,
        lambda r: lockdown.restrict_secret(r.gateway, r.access, r.after),
        _needs_secret,
    ),
    Step("role's trust restricted", ROLE_CALLS, _restrict_role, _needs_role),
    SESSIONS,
)
LAST_FOR_SOME = (
    Step("key rotated", "secretsmanager:RotateSecret, iam:DeleteAccessKey", _renew, _needs_user),
    STACK,
)
