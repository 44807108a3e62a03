"""doctor: what is missing here and in the account, each with the command that fixes it. Changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence

from generator.channel.session import newer_than
from generator.errors import AwsError, DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.host import plugin
from generator.model.arn import Arn
from generator.model.command_line import CommandLine
from generator.model.contract import (
    TAG_KEY,
    TAG_VALUE,
    DocumentKind,
    Output,
    Parameter,
    Resource,
    document_name,
)
from generator.model.diagnosis import Diagnosis, Verdict
from generator.model.instance import InstanceHealth
from generator.model.plugin import OLDEST_PLUGIN, dotted
from generator.model.resource_state import broken_instance
from generator.model.session import Node, Target
from generator.model.stack import Stack
from generator.operations import resource_states, trail_check
from generator.operations.access.show import show
from generator.operations.connectivity import aws_route_checks
from generator.operations.sessions import preferences
from generator.operations.sessions.documents import Documents, documents_of
from generator.operations.sessions.targets import StackView, find_target, view_stack
from generator.operations.stack import document_versions, stack_policy

MANAGED_SINCE = "3.2.582.0"
"""The agent's version since which it registers by Default Host Management (Systems Manager user guide)."""
AGENT = (  # Systems Manager user guide, "Session Manager prerequisites"
    ("2.3.68.0", "sessions"),
    ("3.0.222.0", "tunnels"),
    ("3.0.284.0", "logging while it happens"),
    ("3.1.1374.0", "tunnels to other hosts"),
)
Look = Callable[[], Iterator[Diagnosis]]


def diagnose(gateway: Gateway, target: str = "", own: frozenset[str] = frozenset()) -> Iterator[Diagnosis]:
    """Run the checks and yield each result. What these credentials may not read is unknown, not wrong.

    `own` are other accounts and organizations of the customer.
    """
    yield from _here()
    caller = ""
    try:
        caller = gateway.sts.get_caller_arn()
        yield _good("credentials", caller)
    except DeployerError as error:
        yield Diagnosis("credentials", Verdict.MISSING, error.message, error.hint or "aws configure sso, or --profile")
        return
    region = gateway.region
    yield _good("region", region) if region else _bad("region", "none is set", "Add --region, or set AWS_REGION.")
    seen = view_stack(gateway, target)
    yield _stack(gateway, seen)
    if seen.stack is not None:
        yield from _resources(gateway, seen.stack)
        yield from _stack_policy(gateway, seen.stack)
        yield from _access(gateway, own)
        stack = seen.stack
        yield from _asked("default shell", lambda: _default_shell(gateway, stack))
        yield from _asked(trail_check.SUBJECT, lambda: trail_check.check(gateway))
    try:
        instance = find_target(gateway, target, seen, lambda several: several[0])
    except DeployerError as error:
        yield Diagnosis("instance", Verdict.MISSING, error.message, error.hint)
        return
    documents = documents_of(seen, instance.instance_id, gateway.deployment.documents)
    yield from _of_instance(gateway, instance, documents, seen, caller)


def _other_documents(seen: StackView, instance: Target, own: Documents) -> tuple[str, ...]:
    """The stack's documents that the caller does not use: support's shell, and the one for tunnels to the database."""
    if seen.stack is None:
        return ()
    shell = seen.stack.outputs.get(Output.SHELL_DOCUMENT_NAME, "")
    database = document_name(DocumentKind.DATABASE, instance.instance_id)
    given = seen.stack.parameters.get(Parameter.DATABASE_ENDPOINT)
    return (*([shell] if shell not in ("", own.shell) else []), *([database] if given else []))


def _here() -> Iterator[Diagnosis]:
    """This computer."""
    installed = plugin.find_plugin()
    if installed is None:
        yield Diagnosis(plugin.NAME, Verdict.NOTE, "not installed; only --client plugin needs it")
    elif installed.usable:
        yield _good(plugin.NAME, f"{installed.version_text} at {installed.path}")
    else:
        least = dotted(OLDEST_PLUGIN)
        answer = f"{installed.version_text} at {installed.path} is older than {least}; --client plugin refuses it"
        yield Diagnosis(
            plugin.NAME, Verdict.NOTE, answer, "Sessions work without it; update it to use --client plugin."
        )
    absent = [name for name in ("ssh", "scp", "ssh-agent") if shutil.which(name) is None]
    if absent:
        yield Diagnosis(
            "OpenSSH", Verdict.NOTE, f"no {', '.join(absent)}", "For ssh and cp: apt-get install openssh-client"
        )
    else:
        yield _good("OpenSSH", str(shutil.which("ssh")))


def _stack(gateway: Gateway, seen: StackView) -> Diagnosis:
    name = gateway.deployment.stack_name
    if seen.unreached:
        return Diagnosis(f"stack {name}", Verdict.UNKNOWN, seen.unreached)
    if seen.denied:
        return Diagnosis(f"stack {name}", Verdict.UNKNOWN, "you may not read it, as intended for support")
    if seen.stack is None:
        return Diagnosis(
            f"stack {name}", Verdict.NOTE, "there is none here", f"Create it with: {gateway.commands.deployer('up')}"
        )
    if Output.SSH_DOCUMENT_NAME not in seen.stack.outputs:
        answer = f"{seen.stack.status}, created by an older template: it lacks session documents"
        return _bad(f"stack {name}", answer, gateway.commands.deployer("upgrade"))
    failed = seen.stack.status.failed
    hint = gateway.commands.deployer("events")
    return Diagnosis(
        f"stack {name}", Verdict.MISSING if failed else Verdict.OK, str(seen.stack.status), hint if failed else ""
    )


RESOURCES: dict[str, resource_states.Question] = {
    "key": resource_states.key,
    "support user": resource_states.support_user,
    "support role": resource_states.support_role,
    "support secret": resource_states.support_secret,
    "support secret's value": resource_states.support_value,
    "administrator's secret": resource_states.admin_secret,
    "session log group": resource_states.session_log_group,
    "stack's own log group": resource_states.unused_log_group,
    "session documents": resource_states.session_documents,
    "keeper": resource_states.keeper,
    "record of revocations": resource_states.keeper_log_group,
    "rule that ends sessions": resource_states.access_end_rule,
    "instance profile": resource_states.instance_profile,
}
"""What somebody may have disabled or deleted by hand, in the order in which one needs the other."""


def _resources(gateway: Gateway, stack: Stack) -> Iterator[Diagnosis]:
    """The resources that support's access goes through; what the stack does not have is no row."""
    well = []
    for name, reading in zip(RESOURCES, resource_states.look(gateway, stack, RESOURCES.values()), strict=True):
        if reading.value is not None:
            verdict = Verdict.MISSING if reading.value.effect else Verdict.NOTE
            yield Diagnosis(reading.value.subject, verdict, reading.value.answer, reading.value.hint)
        elif reading.problem is not None:
            why = f"not checked: you lack {reading.permission}" if reading.permission else reading.detail
            yield Diagnosis(name, Verdict.UNKNOWN, why, reading.hint)
        else:
            well.append(name)
    if well:
        yield _good("resources", f"{', '.join(well)}: as the stack made them, where it has them")


def _stack_policy(gateway: Gateway, stack: Stack) -> Iterator[Diagnosis]:
    """Whether AWS holds updates to their plan; a stack of another version gets its policy with the upgrade."""
    if Output.SSH_DOCUMENT_NAME not in stack.outputs or stack.status.in_progress:
        return
    try:
        body = gateway.cloudformation.get_stack_policy(stack.stack_id)
        resources = {r.logical_id for r in gateway.cloudformation.list_stack_resources(stack.stack_id)}
    except AwsError as error:
        yield Diagnosis("stack policy", Verdict.UNKNOWN, error.message, error.hint)
        return
    lost = stack_policy.lets_go(body, resources)
    if not lost:
        yield _good("stack policy", "no update may replace or delete the instance unless it names it")
    elif stack_policy.is_ours(body):
        again = gateway.commands.deployer("upgrade")
        answer = f"none for {', '.join(lost)}, or lifted for an update that nobody followed to its end"
        yield _bad("stack policy", answer, again)
    elif str(Resource.INSTANCE) in lost:
        yield Diagnosis("stack policy", Verdict.NOTE, "not this product's; it does not hold the instance")
    else:
        yield _good("stack policy", "not this product's; no update may replace or delete the instance")


def _access(gateway: Gateway, own: frozenset[str]) -> Iterator[Diagnosis]:
    """What deserves attention: grants without an end, old or unused keys, deleted principals."""
    try:
        findings = show(gateway, own=own, questions=()).findings
    except DeployerError as error:  # a stack without support, or one whose policies may not be read
        yield Diagnosis("access", Verdict.UNKNOWN, error.message, error.hint)
        return
    yield from (Diagnosis(f"access: {f.subject}", Verdict.NOTE, f.warning, f.hint) for f in findings)
    if not findings:
        yield _good("access", "no grant without an end, no old or unused key, no deleted principal")


def _of_instance(
    gateway: Gateway, target: Target, documents: Documents, seen: StackView, caller: str
) -> Iterator[Diagnosis]:
    health = _health(gateway, target.instance_id)
    own = seen.stack is not None and seen.stack.outputs.get(Output.INSTANCE_ID) == target.instance_id
    yield from _instance(target, health, gateway.commands, seen.stack.parameters if own and seen.stack else None)
    if isinstance(health, NotFound):
        return
    if isinstance(health, InstanceHealth):
        yield from _asked("instance role", lambda: _role(gateway, target, health))
    yield from _asked("agent", lambda: _agent(gateway, target, health))
    if isinstance(health, InstanceHealth):
        yield from _asked("route to AWS", lambda: aws_route_checks(gateway, health))
    others = _other_documents(seen, target, documents)
    yield from _asked("documents", lambda: _documents(gateway, documents, others))
    yield from _asked("permissions", lambda: _permissions(gateway, caller, target, documents))


def _health(gateway: Gateway, instance_id: str) -> InstanceHealth | DeployerError:
    try:
        return gateway.ec2.instance_health(instance_id)
    except DeployerError as error:
        return error


def _instance(
    target: Target, health: InstanceHealth | DeployerError, commands: CommandLine, parameters: Iterable[str] | None
) -> Iterator[Diagnosis]:
    """`parameters`: those of the stack whose instance it is, None for another."""
    name = target.instance_id
    if isinstance(health, NotFound):
        yield _bad(f"instance {name}", "there is none in this region", "Check the id, --region and --profile.")
        return
    if isinstance(health, DeployerError):
        yield Diagnosis(f"instance {name}", Verdict.UNKNOWN, health.message, health.hint)
        return
    if broken := broken_instance(name, health.state, commands, parameters):
        yield Diagnosis(broken.subject, Verdict.MISSING, broken.answer, broken.hint)
    else:
        yield _good(f"instance {name}", health.state)
    if health.tags.get(TAG_KEY) != TAG_VALUE:
        hint = commands.aws("ec2", "create-tags", "--resources", name, "--tags", f"Key={TAG_KEY},Value={TAG_VALUE}")
        yield Diagnosis("tag", Verdict.NOTE, f"{TAG_KEY} is not {TAG_VALUE}: support cannot reach it", hint)
    yield from _imds(name, health, commands)


def _role(gateway: Gateway, target: Target, health: InstanceHealth) -> Iterator[Diagnosis]:
    """The instance's own role; or, without one, that of Default Host Management, which only newer agents use."""
    if health.profile:
        yield _good("instance role", f"that of the instance profile {health.profile.rpartition('/')[2]}")
        return
    name = target.instance_id
    profile = ("--iam-instance-profile", "Name=PROFILE")
    hint = gateway.commands.aws("ec2", "associate-iam-instance-profile", "--instance-id", name, *profile)
    if not (role := gateway.ssm.host_management_role()):
        answer = "the instance has none, and the account has no Default Host Management: its agent cannot register"
        yield _bad("instance role", answer, hint)
        return
    answer = f"none of its own; Default Host Management gives agents since {MANAGED_SINCE} the role {role}"
    yield Diagnosis("instance role", Verdict.NOTE, f"{answer}, which as AWS makes it writes no session log", hint)
    nodes = gateway.ssm.describe_nodes((name,))
    if nodes and newer_than(MANAGED_SINCE, nodes[0].agent_version):
        update = f"deployer run --instance-id {name} 'yum install -y amazon-ssm-agent'"
        yield _bad("host management", f"agent {nodes[0].agent_version} is too old for it", update)


def _imds(name: str, health: InstanceHealth, commands: CommandLine) -> Iterator[Diagnosis]:
    change = ("ec2", "modify-instance-metadata-options", "--instance-id", name)
    if health.imds == "disabled":
        enable = commands.aws(*change, "--http-endpoint", "enabled")
        yield _bad("IMDS", "disabled: the agent has no credentials", enable)
    elif not health.tokens:
        yield Diagnosis("IMDS", Verdict.UNKNOWN, "EC2 does not report its settings")
    elif health.tokens != "required" or health.hops > 1:
        answer = f"tokens {health.tokens}, hop limit {health.hops}: containers or old software can get the role's keys"
        hint = commands.aws(*change, "--http-tokens", "required", "--http-put-response-hop-limit", "1")
        yield Diagnosis("IMDS", Verdict.NOTE, answer, hint)
    else:
        yield _good("IMDS", "tokens required, hop limit 1")


def _agent(gateway: Gateway, target: Target, health: InstanceHealth | DeployerError) -> Iterator[Diagnosis]:
    name = target.instance_id
    nodes = gateway.ssm.describe_nodes((name,))
    if not nodes:
        yield _bad("agent", "never registered with Systems Manager", _why_silent(health))
        return
    (node,) = nodes
    online = node.ping == "Online"
    answer = f"{node.ping}, version {node.agent_version}" + (f", {node.platform}" if node.platform else "")
    yield Diagnosis("agent", Verdict.OK if online else Verdict.MISSING, answer, "" if online else _why_silent(health))
    yield from _agent_version(node)
    if online and gateway.ssm.connection_status(name) != "connected":
        hint = "On the instance: systemctl restart amazon-ssm-agent; check that it reaches the endpoint ssmmessages."
        yield _bad("agent's control channel", "not connected: sessions would not start", hint)


def _agent_version(node: Node) -> Iterator[Diagnosis]:
    old = [what for least, what in AGENT if newer_than(least, node.agent_version)]
    if old:
        hint = f"deployer run --instance-id {node.instance_id} 'yum install -y amazon-ssm-agent'"
        yield _bad("agent's version", f"{node.agent_version} is too old for {', '.join(old)}", hint)


def _why_silent(health: InstanceHealth | DeployerError) -> str:
    if isinstance(health, InstanceHealth) and not health.profile:
        return "See the row of the instance role: it has none of its own."
    return "Check the role's permissions and the route to AWS below; see /var/log/amazon/ssm/amazon-ssm-agent.log"


def _default_shell(gateway: Gateway, stack: Stack) -> Iterator[Diagnosis]:
    """Where support may start the account's default shell: that is logged as the account's preferences say."""
    if stack.parameters.get(Parameter.SUPPORT_DEFAULT_SHELL) != "Yes":
        return
    settings = preferences.read(gateway).settings
    logs = [name for name in ("cloudWatchLogGroupName", "s3BucketName") if settings.get(name)]
    if logs:
        yield _good(
            "default shell", f"support may start it; it is logged to {', '.join(str(settings[n]) for n in logs)}"
        )
        return
    off = gateway.commands.deployer("up", "--support-default-shell=no")
    answer = "support may start it (SupportDefaultShell), and this account does not log it: those sessions go unlogged"
    yield _bad("default shell", answer, f"Have it logged: deployer session-preferences set --help; or end it: {off}")


def _documents(gateway: Gateway, documents: Documents, others: Sequence[str]) -> Iterator[Diagnosis]:
    if not documents.own:
        yield Diagnosis(
            "documents", Verdict.NOTE, "AWS's own are used: shells are logged only as the account's preferences say"
        )
        return
    names = (documents.shell, documents.port, documents.ssh, *others)
    absent = [name for name in names if gateway.ssm.find_document(name) is None]
    if absent:
        hint = "Whoever runs the stack makes them again, as the row of the session documents says."
        yield _bad("documents", f"missing: {', '.join(absent)}", hint)
        return
    yield _good("documents", ", ".join(names))
    for each in document_versions.read(gateway, names):
        if each.default != each.latest:
            answer = f"sessions go by version {each.default}, its default; the latest is {each.latest}"
            hint = f"If the latest is what the stack says: {document_versions.command(gateway.commands, each)}"
            yield Diagnosis(f"document {each.name}", Verdict.NOTE, answer, hint)


def _permissions(gateway: Gateway, caller: str, target: Target, documents: Documents) -> Iterator[Diagnosis]:
    who = Arn.parse(caller).principal_arn
    if who.resource == "root":
        yield _good("permissions", "the account's root may do everything")
        return
    denied = [
        f"{action} on {resource}"
        for action, resource in _needed_actions(caller, gateway.region, target, documents)
        if gateway.iam.simulate(str(who), action, resource, _context()) != "allowed"
    ]
    if denied:
        yield _bad("permissions", f"not allowed: {'; '.join(denied)}", "deployer access policy prints what is needed")
    else:
        yield _good("permissions", "sessions may be started, used and ended")


def _needed_actions(caller: str, region: str, target: Target, documents: Documents) -> Iterator[tuple[str, str]]:
    who = Arn.parse(caller)
    session = Arn(who.partition, "ssm", region, who.account, f"session/{who.last_name}-0a1b2c3d4e5f60718")
    yield "ssm:StartSession", str(session.beside("ec2", f"instance/{target.instance_id}"))
    for document in (documents.shell, documents.port) if documents.own else ():
        yield "ssm:StartSession", str(session.beside("ssm", f"document/{document}"))
    for action in ("ssmmessages:OpenDataChannel", "ssm:ResumeSession", "ssm:TerminateSession"):
        yield action, str(session)


def _context() -> tuple[tuple[str, str, str], ...]:
    return ((f"ssm:resourceTag/{TAG_KEY}", "string", TAG_VALUE), ("ssm:SessionDocumentAccessCheck", "boolean", "true"))


def _asked(subject: str, look: Look) -> Iterator[Diagnosis]:
    """The checks of one kind; a refusal is a result too."""
    try:
        yield from look()
    except AwsError as error:
        if not error.denied:
            yield Diagnosis(subject, Verdict.UNKNOWN, error.message, error.hint)
            return
        yield Diagnosis(subject, Verdict.UNKNOWN, f"not checked: you lack the permission for {error.operation}")


def _good(subject: str, answer: str) -> Diagnosis:
    return Diagnosis(subject, Verdict.OK, answer)


def _bad(subject: str, answer: str, hint: str) -> Diagnosis:
    return Diagnosis(subject, Verdict.MISSING, answer, hint)
