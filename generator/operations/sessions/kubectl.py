"""kubectl put on the privileged instance: plan, show, ask, run as root, and read back what is there.

By Run Command, which support may not use; not by user data, which runs once, unseen (decision record 67).
"""

from __future__ import annotations

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.kubectl import PATH, KubectlPlan, KubectlRequest, KubectlResult
from generator.model.run_command import CommandRequest
from generator.model.session import is_instance_id
from generator.operations.clock import SYSTEM, Clock
from generator.operations.sessions import run
from generator.operations.sessions.targets import StackView, find_target, view_stack

SECONDS = 600


def install(
    gateway: Gateway, request: KubectlRequest, caller: Caller, clock: Clock = SYSTEM
) -> KubectlPlan | KubectlResult:
    """Put kubectl on the instance, by default the stack's own; with `plan_only`, only say how.

    Raises Declined, UsageError where nobody can be asked, DeployerError where the instance refused the file or could
    not get it, and what `run` raises. An instance that refused has the kubectl that it had.
    """
    given = is_instance_id(request.instance_id)  # which needs nothing else
    seen = StackView() if given else view_stack(gateway)
    target = find_target(gateway, request.instance_id, seen, lambda targets: None)
    plan = KubectlPlan(
        target.instance_id, request.version, request.url, request.sha256, PATH, script_of(request.url, request.sha256)
    )
    if request.plan_only:
        return plan
    caller.show(plan)
    caller.confirm(plan)
    command = CommandRequest(plan.script, (plan.instance_id,), timeout=SECONDS, reason=f"kubectl {plan.version}")
    with run.cancelled(gateway, caller) as sent:
        sent.command_id = run.start(gateway, command)
        [host] = run.follow(gateway, sent.command_id, clock)
    if not host.succeeded or host.out.split()[-2:-1] != [plan.sha256]:
        words = " ".join(host.err.split()) or host.status
        raise DeployerError(
            f"kubectl was not put on {plan.instance_id}: {words}",
            "Check version and checksum, and that the instance reaches the address; a mirror: --source https://…",
            code="kubectl",
        )
    return KubectlResult(plan.instance_id, plan.version, plan.path, plan.sha256)


def script_of(url: str, sha256: str, path: str = PATH) -> str:
    """The script for sh: the file gets its name only with that checksum, and says its checksum at the end."""
    return "\n".join(
        (
            "set -eu; umask 022",
            "d=$(mktemp -d); trap 'rm -rf \"$d\"' EXIT",
            f"curl -fsSL --proto =https --retry 3 -o \"$d/kubectl\" '{url}'",
            'got=$(sha256sum < "$d/kubectl"); got=${got%% *}',
            f'if [ "$got" != {sha256} ]; then echo "the file has the SHA-256 $got" >&2; exit 1; fi',
            f'install -m 755 "$d/kubectl" {path}',
            f"sha256sum < {path}",
        )
    )
