"""Targets, tunnels and sessions as text: pure functions from values to lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from generator.cli.render import table

if TYPE_CHECKING:
    from generator.model.connect import ConnectPlan, ConnectResult, TunnelView
    from generator.model.copy import CopyResult
    from generator.model.diagnosis import Diagnosis
    from generator.model.kubectl import KubectlPlan, KubectlResult
    from generator.model.preferences import PreferencesPlan
    from generator.model.run_command import CommandRequest, HostProgress, HostResult, RunReport
    from generator.model.session import EndPlan, EndReport, Session
    from generator.operations.sessions.selftest import SelftestResult

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def size(number: float) -> str:
    """Bytes with a unit."""
    for unit in _UNITS:
        if number < 1024 or unit == _UNITS[-1]:
            break
        number /= 1024
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def span(seconds: float) -> str:
    """A length of time in its two largest units."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {left:02} s" if minutes else f"{left} s"


def moment(time: datetime | None) -> str:
    """A time in UTC, "-" for none."""
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else "-"


def opening_lines(plan: ConnectPlan) -> list[str]:
    """What is about to be opened."""
    client = (
        f"with session-manager-plugin {plan.plugin.version_text}" if plan.plugin else "over deployer's own data channel"
    )
    tunnels = sum(len(session.forwards) for session in plan.sessions)
    first = plan.sessions[0].request
    shell = f"a session with {first.document}" if first.parameters else "a shell"
    what = shell if plan.is_shell else "a tunnel" if tunnels == 1 else f"{tunnels} tunnels"
    end = f", until {moment(plan.until)} UTC" if plan.until else ""
    return [f"Opening {what} {'on' if plan.is_shell else 'to'} {plan.target.label} {client}{end}."]


def ready_line(view: TunnelView) -> str:
    """A tunnel that listens."""
    return f"{view.local} leads to {view.far_end}"


def tunnel_row(view: TunnelView) -> tuple[str, ...]:
    """A tunnel's figures now."""
    state = "" if view.connected else "reconnecting"
    return (
        f"{view.local} -> {view.far_end}",
        f"{size(view.sent)} up",
        f"{size(view.received)} down",
        f"{size(view.rate)}/s",
        f"{view.connections} open",
        f"{span(view.left)} left" if view.left is not None else "",
        state or (f"{view.refused} refused" if view.refused else ""),
    )


def result_lines(result: ConnectResult) -> list[str]:
    """What a tunnel did, and why a session ended."""
    rows = [
        (
            f"{v.local} -> {v.far_end}",
            f"{size(v.sent)} up",
            f"{size(v.received)} down",
            f"{v.reconnects} reconnects",
            f"{v.refused} refused" if v.refused else "",
        )
        for v in result.tunnels
    ]
    return [*table(rows), *([result.ended] if result.ended else [])]


def not_ended_lines(sessions: Sequence[str]) -> list[str]:
    """Sessions whose end could not be confirmed, with the command that ends them."""
    return [f"The session {name} may still be open: deployer sessions end {name}" for name in sessions]


def session_lines(sessions: Sequence[Session], *, past: bool = False, some: bool = False) -> list[str]:
    """Sessions as a table, times in UTC. `some`: only those of an owner or an instance were asked for."""
    if not sessions:
        none = "No such session" if some else "No session"
        return [f"{none} ended in the last 30 days." if past else f"{none} is open."]
    origin = ("ended", "from", "by") if past else ()
    header = ("session", "owner", "instance", "document", "began", *origin, "reason")
    rows = [
        (
            session.session_id,
            _owner(session),
            session.target,
            session.document,
            moment(session.started),
            *((moment(session.ended), session.address or "-", _program(session.agent)) if past else ()),
            session.reason,
        )
        for session in sessions
    ]
    return table(rows, header)


def _program(agent: str) -> str:
    """The program in a user agent: its first word, or this one where it has added its name."""
    words = agent.strip("[]").split()
    return next((word for word in words if word.startswith("deepsql-deployer/")), words[0] if words else "-")


def end_lines(report: EndReport) -> list[str]:
    """What became of each session."""
    outcomes = [
        (report.ended, "has ended: it is no longer among the live sessions"),
        (report.already, "had already ended"),
        (report.still_open, "is STILL OPEN although the request was accepted: try again"),
        (report.unseen, "should have ended; you may not list sessions, so this was not checked"),
    ]
    lines = [f"{name} {what}." for names, what in outcomes for name in names]
    return lines or ["There was no session to end."]


def kubectl_action(plan: KubectlPlan) -> str:
    """What is asked before kubectl is put on an instance."""
    return f"Put kubectl {plan.version} on {plan.instance_id}"


def kubectl_plan_lines(plan: KubectlPlan) -> list[str]:
    """Which file goes where, and the script that runs as root."""
    return [
        *table([("  from", plan.url), ("  SHA-256", plan.sha256), ("  to", plan.path)]),
        "  as root, by Run Command:",
        *(f"    {line}" for line in plan.script.splitlines()),
    ]


def kubectl_lines(result: KubectlResult) -> list[str]:
    """What is on the instance now, as sha256sum says it."""
    return [f"{result.sha256}  {result.path}"]


def host_lines(host: HostResult) -> list[str]:
    """One host's output, each line marked with the host."""
    lines = [f"{host.instance_id}  {line}" for line in host.out.splitlines()]
    lines += [f"{host.instance_id}! {line}" for line in host.err.splitlines()]
    return [*lines, *(f"{host.instance_id}  {line}" for line in _cut_lines(host))]


def host_errors(host: HostResult) -> list[str]:
    """The errors of the one host that a command ran on, as they are."""
    return [*host.err.splitlines(), *_cut_lines(host)]


def _cut_lines(host: HostResult) -> list[str]:
    fetch = f"deployer cp {host.instance_id}:FILE ."
    more = f"… more than Systems Manager shows: write it into a file there, and fetch that with: {fetch}"
    return [more] if host.truncated else []


def progress_lines(progress: HostProgress) -> list[str]:
    """A host's output as it comes; of the only host its errors alone, as its output is the command's result."""
    return host_errors(progress.host) if progress.only else host_lines(progress.host)


def run_action(request: CommandRequest) -> str:
    """Where the command runs."""
    return f"Running on {run_targets(request)}"


def run_script_lines(request: CommandRequest) -> list[str]:
    """The command that runs."""
    return [f"  {line}" for line in request.script.splitlines()]


def run_targets(request: CommandRequest) -> str:
    """Which instances a command goes to."""
    if request.instance_ids:
        return ", ".join(request.instance_ids)
    tags = (f"{key}={value}" for key, values in request.tags.items() for value in values)
    return f"instances with {' and '.join(tags)}"


def run_output(report: RunReport) -> list[str]:
    """The result on standard output: the only host's output as it is, or the summary of several."""
    return [host.out for host in report.hosts] if report.one_host else run_lines(report)


def run_story(report: RunReport) -> list[str]:
    """What goes to standard error at the end: how the only host failed."""
    return run_lines(report) if report.one_host and not report.succeeded else []


_WHY = {
    "Terminated": "not started: too many had failed (--max-errors)",
    "Undeliverable": "not reached: its agent does not answer",
    "DeliveryTimedOut": "not reached in time",
    "ExecutionTimedOut": "stopped: it ran longer than --timeout",
}
"""StatusDetails that need words (user guide, "Understanding command statuses")."""


def run_lines(report: RunReport) -> list[str]:
    """The summary of a run."""
    rows = [
        (
            host.instance_id,
            host.status,
            "-" if host.exit_code is None else f"exit {host.exit_code}",
            "" if host.seconds is None else span(host.seconds),
            _WHY.get(host.status, ""),
        )
        for host in report.hosts
    ]
    good = sum(host.succeeded for host in report.hosts)
    return [*table(rows), f"{good} of {len(report.hosts)} succeeded in {span(report.seconds)}."]


def end_plan_lines(plan: EndPlan) -> list[str]:
    """The sessions that would be ended."""
    return session_lines(plan.sessions)


def end_question(plan: EndPlan) -> str:
    """What sessions end does, as an imperative."""
    return f"End {len(plan.sessions)} session{'s' if len(plan.sessions) > 1 else ''}"


def copy_lines(result: CopyResult) -> list[str]:
    """What arrived, with its checksum, as sha256sum prints it."""
    return [_checksum_line(name, digest) for name, digest in result.files]


def _checksum_line(name: str, digest: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}"


def preference_lines(settings: Mapping[str, object]) -> list[str]:
    """Settings by name."""
    if not settings:
        return ["No preferences were ever saved in this account and region, so AWS's defaults apply."]
    return table([(name, json.dumps(value)) for name, value in settings.items()])


def preference_plan_lines(plan: PreferencesPlan) -> list[str]:
    """What would change, and what to look at first."""
    rows = [(f"  {c.name}", json.dumps(c.before), "->", json.dumps(c.after)) for c in plan.changes]
    warnings = [line for f in plan.findings for line in (f"  warning: {f.subject}: {f.warning}", f"    {f.hint}")]
    return ["  for every session that names no document, whoever starts it", *table(rows), *warnings]


def _owner(session: Session) -> str:
    """Who started it, without the account: user/NAME, or assumed-role/ROLE/NAME."""
    from generator.model.arn import Arn

    arn = Arn.find(session.owner)
    return arn.resource if arn else session.owner


def diagnosis_lines(diagnoses: Sequence[Diagnosis]) -> list[str]:
    """One line per check, with its fix below."""
    rows = table([(each.verdict.value, each.subject, each.answer) for each in diagnoses])
    return [line for row, each in zip(rows, diagnoses, strict=True) for line in [row, *_fix(each)]]


def _fix(each: Diagnosis) -> list[str]:
    first, *others = each.hint.splitlines() or [""]
    return [f"         next: {first}", *(f"               {line}" for line in others)] if first else []


def selftest_lines(result: SelftestResult) -> list[str]:
    """What a test of a session measured."""
    rows = [
        ("instance", f"{result.target}, agent {result.agent}"),
        ("opened in", f"{result.open_seconds:.2f} s"),
        ("echo", f"{result.echo_seconds * 1000:.0f} ms"),
        ("down, up", f"{size(result.down)}/s, {size(result.up)}/s"),
        (
            "cut and resumed",
            f"{result.reconnects} of 1, {'nothing missing' if result.resumed_whole else 'BYTES LOST'}",
        ),
        ("frames resent", str(result.resent)),
        ("log", result.log),
    ]
    return table(rows)
