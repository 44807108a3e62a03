"""The support role: who may become it, what its sessions may do, and how they are cut."""

from __future__ import annotations

from tests.proof.people import Context
from tests.proof.tables.support import (
    ANOTHER_INSTANCE,
    CUSTOMERS_SHELL,
    INSTANCE,
    PUSH,
    SAME_ID_IN_EUROPE,
    SESSION_TAG,
    SHELL,
    SSH_DOCUMENT,
    START,
    TERMINATE,
    THEIRS,
    TUNNEL,
    aws_owned,
    login,
)
from tests.proof.world import AFTER, Row, at, may, may_not, table, tagged

ASSUME, IDENTIFY = "sts:AssumeRole", "sts:SetSourceIdentity"
ROLE = "<SupportRole>"
UUID = "7c8d9e0f-1a2b-3c4d-5e6f-708192a3b4c5"  # at the end of the stack's own ARN
SAYS_IT: Context = {"sts:ExternalId": UUID}
USER_CUT = "user and a cut"
BEGUN_BEFORE, BEGUN_AFTER = "2026-11-25T11:59:59Z", "2026-11-25T12:00:01Z"
OWN_SESSION: Context = {SESSION_TAG: "AROA1B2C3D4E5F6G7H8I9:ada"}
ANOTHERS: Context = {SESSION_TAG: "AROA1B2C3D4E5F6G7H8I9:bob"}


def begun(moment: str) -> Context:
    return {"aws:TokenIssueTime": moment}


ASSUMING = [
    *table(
        "support role's trust",
        "vendor",
        may("become it with the external id", ASSUME, ROLE, given=SAYS_IT, stack="role"),
        may("say who it is", IDENTIFY, ROLE, given=SAYS_IT, stack="role"),
        may("become it with an id given by hand", ASSUME, ROLE, given={"sts:ExternalId": "x" * 16}, stack="own id"),
        may_not("become it without an external id", ASSUME, ROLE, stack="role"),
        may_not("become it with another's id", ASSUME, ROLE, given={"sts:ExternalId": UUID[:-1] + "6"}, stack="role"),
        may_not("become it with the stack's id where another was given", ASSUME, ROLE, given=SAYS_IT, stack="own id"),
        may_not("become it after the end", ASSUME, ROLE, given=SAYS_IT | at(AFTER), stack="role"),
        may_not("become it where nobody was let in", ASSUME, ROLE, given=SAYS_IT, stack="role for nobody"),
        may_not("become it where only the secret was granted", ASSUME, ROLE, given=SAYS_IT, stack="secret only"),
        may_not("become it while it is paused", ASSUME, ROLE, given=SAYS_IT, stack="paused"),
        may("become it again after a cut", ASSUME, ROLE, given=SAYS_IT | at("2026-11-25T12:00:00Z"), stack="cut"),
        may_not("tag its sessions", "sts:TagSession", ROLE, given=SAYS_IT, stack="role"),
        may_not("read the secret where only the role was granted", "secretsmanager:GetSecretValue",
                "<SupportCredentialsSecret>", stack="role only"),
        may("become it where only the role was granted", ASSUME, ROLE, given=SAYS_IT, stack="role only"),
    ),
    *table(
        "support role's trust",
        "neighbour in the vendor's account",
        may_not("become it", ASSUME, ROLE, given=SAYS_IT, stack="role"),
    ),
    *table(
        "support role's trust",
        "stranger with the vendor's role name",
        may_not("become it", ASSUME, ROLE, given=SAYS_IT, stack="role"),
    ),
    *table(
        "support role's trust",
        "stranger who calls himself the vendor",
        may_not("become it", ASSUME, ROLE, given=SAYS_IT, stack="role"),
    ),
    *table(
        "support role's trust",
        "customer's administrator",
        may_not("become it", ASSUME, ROLE, given=SAYS_IT, stack="role"),
    ),
]  # fmt: skip
SESSIONS = table(
    "support role's session",
    "support role",
    may("open a shell on the instance", START, INSTANCE, SHELL, stack="role"),
    may("open a tunnel to it", START, INSTANCE, TUNNEL, stack="role"),
    may("end its own session", TERMINATE, f"{THEIRS}ada-1", given=OWN_SESSION, stack="role"),
    may("resume its own session", "ssm:ResumeSession", f"{THEIRS}ada-1", given=OWN_SESSION, stack="role"),
    may("find the instance", "ec2:DescribeInstances", "*", stack="role"),
    may_not("end another's session", TERMINATE, f"{THEIRS}bob-1", given=ANOTHERS, stack="role"),
    may_not("resume another's session", "ssm:ResumeSession", f"{THEIRS}bob-1", given=ANOTHERS, stack="role"),
    may_not("resume its own session after the end", "ssm:ResumeSession", f"{THEIRS}ada-1",
            given=OWN_SESSION | at(AFTER), stack="role"),
    may("end its own session after the end", TERMINATE, f"{THEIRS}ada-1", given=OWN_SESSION | at(AFTER), stack="role"),
    may_not("end a session that says nothing", TERMINATE, f"{THEIRS}ada-1", stack="role"),
    may_not("open a shell after the end", START, INSTANCE, SHELL, given=at(AFTER), stack="role"),
    may_not("reach an instance without the tag", START, INSTANCE, given=tagged(None), stack="role"),
    may_not("use the customer's own shell, which has no limit", START, CUSTOMERS_SHELL, stack="role"),
    may_not("use the account's own shell", START, "<ssm>:document/SSM-SessionManagerRunShell", stack="role"),
    may_not("run commands", "ssm:SendCommand", INSTANCE, stack="role"),
    may_not("read the admin password", "secretsmanager:GetSecretValue", "<AdminSecret>", stack="role"),
    may_not("read the support secret", "secretsmanager:GetSecretValue", "<SupportCredentialsSecret>",
            stack="role only"),
    may_not("read the session log", "logs:GetLogEvents", "<SessionLogGroup>:log-stream:x", stack="role"),
    may_not("decrypt with the stack's key", "kms:Decrypt", "<StackKey>", stack="role"),
    may_not("change the shell document", "ssm:UpdateDocument", SHELL, stack="role"),
    may_not("use AWS's way for SSH", START, aws_owned("AWS-StartSSHSession"), stack="role"),
    may_not("use AWS's tunnel to any host", START, aws_owned("AWS-StartPortForwardingSessionToRemoteHost"),
            stack="role"),
    may_not("lengthen its time", "cloudformation:UpdateStack", "<cloudformation>:stack/deepsql-selfhost/x",
            stack="role"),
    may_not("use the database's tunnel", START, "<DatabaseDocument>", stack="database"),
    may_not("change its own trust", "iam:UpdateAssumeRolePolicy", ROLE, stack="role"),
    may_not("become another role", ASSUME, "<iam>:role/admin", stack="role"),
    may_not("use SSH unless the customer says so", PUSH, INSTANCE, given=login("ec2-user"), stack="role"),
    may("use SSH where the customer said so", START, INSTANCE, SSH_DOCUMENT, stack="role with SSH"),
    may("push a key for the one login there", PUSH, INSTANCE, stack="role with SSH"),
    may_not("push a key for root there", PUSH, INSTANCE, given=login("root"), stack="role with SSH"),
    may_not("push a key after the end there", PUSH, INSTANCE, given=at(AFTER), stack="role with SSH"),
    may_not("do anything in a session begun before the cut", START, INSTANCE, given=begun(BEGUN_BEFORE), stack="cut"),
    may("go on in a session begun after the cut", START, INSTANCE, SHELL, given=begun(BEGUN_AFTER), stack="cut"),
    may_not("do anything while it is paused", START, INSTANCE, given=begun(BEGUN_AFTER), stack="paused"),
)  # fmt: skip
LIMITS = table(
    "support role's boundary",
    "support role with administrator rights",
    may("open a shell on the instance", START, INSTANCE, SHELL, stack="role"),
    may_not("open a shell in another region", START, SAME_ID_IN_EUROPE, stack="role"),
    may_not("open a shell on another instance", START, ANOTHER_INSTANCE, stack="role"),
    may_not("open a shell after the end", START, INSTANCE, given=at(AFTER), stack="role"),
    may_not("end another's session", TERMINATE, f"{THEIRS}bob-1", given=ANOTHERS, stack="role"),
    may_not("make a user", "iam:CreateUser", "<iam>:user/second", stack="role"),
    may_not("change its own trust", "iam:UpdateAssumeRolePolicy", ROLE, stack="role"),
    may_not("run commands", "ssm:SendCommand", INSTANCE, stack="role"),
)
CUT = [
    *table(
        "after a cut",
        "support",
        may("use its key, which has no such time", START, INSTANCE, stack=USER_CUT),
        may("use its key where nothing was cut", START, INSTANCE, stack="open"),
    ),
    *table(
        "after a cut",
        "support with administrator rights",
        may_not("use what was made of its key before", START, INSTANCE, given=begun(BEGUN_BEFORE), stack=USER_CUT),
    ),
    *table(
        "after a cut",
        "support role without boundary, with administrator rights",
        may_not("go on in an older session", START, INSTANCE, given=begun(BEGUN_BEFORE), stack="cut"),
        may("go on in a newer session", START, INSTANCE, given=begun(BEGUN_AFTER), stack="cut"),
    ),
]
ROWS: list[Row] = [*ASSUMING, *SESSIONS, *LIMITS, *CUT]
