"""The commands that read a stack or use it, each with exactly its policy, and without each call of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator.model.permissions import call_actions
from tests.embedded import VENDOR_ROLE, Deployer, environment, run
from tests.permissions.conftest import Employ, Person

LINES = {
    "status": ("status",),
    "outputs": ("outputs",),
    "events": ("events",),
    "diff": ("diff",),
    "doctor": ("doctor",),
    "access show": ("access", "show"),
    "access confirm": ("access", "confirm"),
    "access reveal": ("access", "reveal", "--stdout"),
    "sessions list": ("sessions", "list"),
    "recovery status": ("recovery", "status"),
    "session-preferences show": ("session-preferences", "show"),
    "connect": ("connect", "-L", "0:3035", "--exec", "true"),
    "run": ("run", "uname"),
    "ssh-config": ("ssh-config",),
}

OF_AN_END = (
    *("events:DescribeRule", "events:ListTargetsByRule"),
    *("lambda:GetFunctionConcurrency", "iam:SimulatePrincipalPolicy"),
)
"""What is asked only while somebody is let in until a time: whether the stack then ends open sessions."""
OF_A_FAILURE = (
    *("cloudformation:ListStackResources", "iam:GetInstanceProfile", "iam:GetRole", "kms:DescribeKey"),
    *("logs:DescribeLogGroups", "ssm:GetDocument"),
)
"""What is asked only where a session or a command could not be started: which resource is why."""
# not on this stack: it has no cluster, a route to AWS, no recovery host, no trail, and names its own instance
NOT_REACHED = {
    "doctor": {"ec2:DescribeSecurityGroups", "cloudtrail:GetTrailStatus", "ssm:GetServiceSetting"},
    "sessions list": {"cloudtrail:LookupEvents"},  # of past sessions
    # nobody has access, so there is nothing to confirm; with --closed it asks what access show does
    "access confirm": call_actions("access confirm") - {"cloudformation:DescribeStacks"},
    "access reveal": {"kms:DescribeKey", "secretsmanager:DescribeSecret"},  # asked only where the secret is not read
    # no cluster, nobody let in until a time, no account said to be the customer's own, the stack's own profile
    "access show": {
        "iam:GetInstanceProfile",
        *OF_AN_END,
        *("eks:ListAccessEntries", "eks:ListClusters", "logs:GetLogEvents"),
    },
    "recovery status": {"ssm:DescribeInstanceInformation"},
    "ssh-config": {"ec2:DescribeInstances"},
    # the instance is found through the stack or by its tag; a command is cancelled by Ctrl-C only
    "run": {"cloudformation:DescribeStacks", "ec2:DescribeInstances", "ssm:CancelCommand", *OF_A_FAILURE},
}
FINDINGS = {"doctor": 3, "access confirm": 3}
"""Exit 3 is the answer: these people may start no session, and nobody has access to this stack."""
GRANT = ("grant", "--principal", VENDOR_ROLE, "--for", "8h", "--reason", "T-1", "--yes")


@pytest.fixture(scope="module")
def stack(leads: dict[str, str]) -> Iterator[Deployer]:
    deployer = Deployer("permitted-reading")
    with environment(leads):
        deployer.create("--support-role", "yes", "--recovery-bastion", "yes")
    yield deployer


@pytest.mark.parametrize("verb", LINES)
def test_it_succeeds_with_exactly_its_policy_and_shows_each_call_that_is_denied(
    verb: str, stack: Deployer, employ: Employ
) -> None:
    person = employ(stack.stack_name, *verb.split())
    whole = _shown(stack, person, verb)
    assert whole[0] == FINDINGS.get(verb, 0), whole
    assert "not authorized" not in whole[1]
    besides = {*call_actions("access show"), "secretsmanager:GetSecretValue"}  # the secret: a test of its own, below
    tried = call_actions(verb) - (besides if verb == "doctor" else set())
    silent = {action for action in tried if _shown(stack, person, verb, action) == whole}
    assert silent == NOT_REACHED.get(verb, set())


def _shown(stack: Deployer, person: Person, verb: str, *denied: str) -> tuple[int, str]:
    with person.acting(*denied):
        words = len(verb.split())
        done = run(*LINES[verb][:words], "--stack-name", stack.stack_name, *LINES[verb][words:])
    return done.code, done.out + done.err


def test_access_is_granted_paused_resumed_rotated_and_revoked_with_exactly_each_policy(
    deployer: Deployer, employ: Employ
) -> None:
    deployer.create("--support-role", "yes")
    for line in (GRANT, ("pause", "--yes"), ("resume", "--yes"), ("rotate", "--yes"), ("revoke", "--all", "--yes")):
        with employ(deployer.stack_name, "access", line[0]).acting():
            done = deployer("access", *line)
        assert done.code == 0, (line, done.out, done.err)
        assert "not authorized" not in done.out + done.err, (line, done.err)


def test_doctor_goes_on_where_it_may_not_read_the_secret(deployer: Deployer, employ: Employ) -> None:
    deployer.create()
    assert deployer("access", *GRANT).code == 0
    person = employ(deployer.stack_name, "doctor")
    told = list[str]()
    for denied in ((), ("secretsmanager:GetSecretValue",)):
        with person.acting(*denied):
            told.append(deployer("doctor").out)
    row = "unknown  support secret's value        not checked"
    assert row not in told[0] and row in told[1] and "GetSecretValue" in told[1], told


@pytest.mark.parametrize("action", ["kms:PutKeyPolicy", "iam:CreatePolicyVersion", "secretsmanager:PutResourcePolicy"])
def test_a_grant_without_one_permission_of_a_handler_is_rolled_back(
    deployer: Deployer, employ: Employ, action: str
) -> None:
    deployer.create("--support-role", "yes")
    with employ(deployer.stack_name, "access", "grant").acting(action):
        done = deployer("access", *GRANT)
    assert done.code != 0
    assert f"perform: {action} " in done.err
