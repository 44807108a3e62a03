"""What the printed policy lets the customer's own engineers do, as users, as a role and federated."""

from __future__ import annotations

from tests.proof.people import Context
from tests.proof.tables.support import (
    ANOTHER_INSTANCE,
    CUSTOMERS_SHELL,
    INSTANCE,
    NEWER,
    OPEN,
    OTHER_REGION,
    PUSH,
    RESUME,
    SAME_ID_AT_A_STRANGERS,
    SAME_ID_IN_EUROPE,
    SHELL,
    SSH_DOCUMENT,
    START,
    SUFFIX,
    TERMINATE,
    THEIRS,
    TUNNEL,
    UNCHECKED,
    aws_owned,
)
from tests.proof.world import Row, in_region, may, may_not, table

SEND, RUN = "ssm:SendCommand", "<ssm>:document/deepsql-engineers-run"
PORT, REMOTE_PORT, COMMAND, OWN_SHELL, OWN_SSH = (
    f"<ssm>:document/deepsql-engineers-{kind}" for kind in ("port", "remote-port", "command", "shell", "ssh")
)
RESULT = "ssm:GetCommandInvocation"
SESSION_TAG = "ssm:resourceTag/aws:ssmmessages:session-id"


def team(name: str | None, key: str = "team") -> Context:
    """The instance's tag."""
    return {f"ssm:resourceTag/{key}": name}


def bears(owner: str) -> Context:
    """AWS's own tag on a session."""
    return {SESSION_TAG: owner}


def _longer(own: str) -> str:
    """An older ID, of somebody whose name is this one's, a dash and eight characters."""
    return f"{own.removesuffix(SUFFIX)}-12345678{SUFFIX}"


def _of(who: str, own: str, own_tag: Context) -> list[Row]:
    return table(
        "engineer",
        who,
        may("open a shell on the team's instance", START, INSTANCE, SHELL, given=team("blue")),
        may("open their own shell there", START, INSTANCE, CUSTOMERS_SHELL, given=team("blue")),
        may("open a tunnel to the team's instance", START, INSTANCE, TUNNEL, given=team("blue")),
        may("open a shell on another instance of the team", START, ANOTHER_INSTANCE, SHELL, given=team("blue")),
        may("open the data channel", OPEN, own),
        may("end its own session", TERMINATE, own, given=own_tag),
        may("resume its own session", RESUME, own, given=own_tag),
        may("list sessions", "ssm:DescribeSessions", "*"),
        may("see whether an instance is connected", "ssm:GetConnectionStatus", INSTANCE),
        may_not("see whether one in another region is connected", "ssm:GetConnectionStatus", SAME_ID_IN_EUROPE),
        may_not("reach another team's instance", START, INSTANCE, given=team("red")),
        may_not("reach an instance without the tag", START, INSTANCE),
        may_not("reach an instance with an empty tag", START, INSTANCE, given=team("")),
        may_not("reach an instance whose tag begins alike", START, INSTANCE, given=team("blue2")),
        may_not("reach an instance whose tag is in capitals", START, INSTANCE, given=team("BLUE")),
        may_not("reach an instance by another tag", START, INSTANCE, given=team("blue", "team2")),
        may_not("reach a team's instance in another region", START, SAME_ID_IN_EUROPE, given=team("blue")),
        may_not("reach a team's instance in another account", START, SAME_ID_AT_A_STRANGERS, given=team("blue")),
        may_not("start without naming a document", START, INSTANCE, given=team("blue") | UNCHECKED),
        may_not("use a document while documents are not checked", START, SHELL, given=UNCHECKED),
        may_not("use the account's default shell", START, "<ssm>:document/SSM-SessionManagerRunShell"),
        may_not("use AWS's tunnel to any host", START, aws_owned("AWS-StartPortForwardingSessionToRemoteHost")),
        may_not("use another document", START, "<ssm>:document/Other"),
        may_not("use the stack's SSH", START, SSH_DOCUMENT),
        may_not("end another's session", TERMINATE, f"{THEIRS}bob{SUFFIX}", given=bears("AIDAOTHER:bob")),
        may_not("resume another's session", RESUME, f"{THEIRS}bob{SUFFIX}", given=bears("AIDAOTHER:bob")),
        may_not("end a session of one whose name goes on by eight characters", TERMINATE, _longer(own)),
        may_not("resume one of such a person", RESUME, _longer(own)),
        may_not("end a session in another region", TERMINATE, f"{OTHER_REGION}:session/x{SUFFIX}", given=own_tag),
        may_not("open a data channel in another region", OPEN, f"{OTHER_REGION}:session/x{SUFFIX}"),
        may_not("list sessions of another region", "ssm:DescribeSessions", "*", given=in_region("eu-west-1")),
        may("open a tunnel by the engineers' document", START, ANOTHER_INSTANCE, PORT, given=team("blue")),
        may("open a tunnel to a listed host", START, ANOTHER_INSTANCE, REMOTE_PORT, given=team("blue")),
        may("run a listed command in a session", START, ANOTHER_INSTANCE, COMMAND, given=team("blue")),
        may("open the engineers' shell", START, ANOTHER_INSTANCE, OWN_SHELL, given=team("blue")),
        may("send a listed command to the team's instance", SEND, INSTANCE, RUN, given=team("blue")),
        may("read what a command printed", RESULT, "*"),
        may_not("use the engineers' document while documents are not checked", START, PORT, given=UNCHECKED),
        may_not("use AWS's tunnel to any port", START, aws_owned("AWS-StartPortForwardingSession")),
        may_not("use AWS's document for any command", START, aws_owned("AWS-StartInteractiveCommand")),
        may_not("use a document of another engineers' stack", START, "<ssm>:document/other-port"),
        may_not("use one whose name goes on", START, "<ssm>:document/deepsql-engineers-port-2"),
        may_not(
            "use the engineers' document of another region", START, f"{OTHER_REGION}:document/deepsql-engineers-port"
        ),
        may_not("send a command to another team's instance", SEND, INSTANCE, given=team("red")),
        may_not("send a command to an instance without the tag", SEND, INSTANCE),
        may_not("send a command in another region", SEND, SAME_ID_IN_EUROPE, given=team("blue")),
        may_not("send any script", SEND, aws_owned("AWS-RunShellScript")),
        may_not("send by another document", SEND, "<ssm>:document/Other"),
        may_not("send by a document for sessions", SEND, COMMAND),
        may_not("start a session by the document for commands", START, RUN),
        may_not("cancel a command, which may be another's", "ssm:CancelCommand", "*"),
        may_not("read what a command printed in another region", RESULT, "*", given=in_region("eu-west-1")),
        may_not("start an automation", "ssm:StartAutomationExecution", "<ssm>:automation-definition/Any:1"),
        may_not("tag themselves into a team", "iam:TagUser", "<iam>:user/alice"),
        may_not("push SSH keys", PUSH, INSTANCE, given=team("blue") | {"aws:ResourceTag/team": "blue"}),
        may_not("tag an instance into reach", "ec2:CreateTags", INSTANCE),
        may_not("change a document", "ssm:UpdateDocument", SHELL),
    )


def _untagged(who: str) -> list[Row]:
    return table(
        "engineer",
        who,
        may_not("reach a team's instance", START, INSTANCE, given=team("blue")),
        may_not("reach an instance without the tag", START, INSTANCE),
    )


def on(team_of_it: str | None, login: str | None) -> Context:
    """The team's tag on the instance that a key is pushed to, and the login."""
    return {"aws:ResourceTag/team": team_of_it, "ec2:osuser": login}


AS_ROLE, AS_FEDERATED = "AROA1B2C3D4E5F6G7H8I9:alice", "111122223333:alice"
ROWS = [
    *_of("engineer as a user", f"{THEIRS}alice{SUFFIX}", {}),
    *_of("engineer with SSH", f"{THEIRS}alice{SUFFIX}", {}),
    *_of("engineer in a role", f"{THEIRS}alice{SUFFIX}", bears(AS_ROLE)),
    *_of("federated engineer", f"{THEIRS}alice{SUFFIX}", bears(AS_FEDERATED)),
    *_of("engineer by login", f"{THEIRS}alice@example.com{SUFFIX}", {}),
    *_of("engineer by source identity", f"{THEIRS}alice@example.com{SUFFIX}", {}),
    *_untagged("engineer without a team"),
    *(
        row
        for who in ("engineer by login", "engineer by source identity")
        for row in table(
            "engineer",
            who,
            may("resume its own session with a newer ID", RESUME, f"{THEIRS}alice@example.com-{NEWER}"),
            may("end its own session with a newer ID", TERMINATE, f"{THEIRS}alice@example.com-{NEWER}"),
            may_not("end a session whose name goes on", TERMINATE, f"{THEIRS}alice@example.com-2{SUFFIX}"),
            may_not("end a session whose name begins otherwise", TERMINATE, f"{THEIRS}malice@example.com{SUFFIX}"),
            may_not(
                "end a session with its tag and another's name",
                TERMINATE,
                f"{THEIRS}bob{SUFFIX}",
                given=bears("AROA1B2C3D4E5F6G7H8I9:x"),
            ),
        )
    ),
    *table(
        "engineer",
        "engineer with SSH",
        may("push a key for the login", PUSH, INSTANCE, given=on("blue", "ops")),
        may("open a session to the SSH port", START, ANOTHER_INSTANCE, OWN_SSH, given=team("blue")),
        may_not("push a key for root", PUSH, INSTANCE, given=on("blue", "root")),
        may_not("push a key for another login", PUSH, INSTANCE, given=on("blue", "ops2")),
        may_not("push a key for no login", PUSH, INSTANCE, given=on("blue", None)),
        may_not("push a key to another team's instance", PUSH, INSTANCE, given=on("red", "ops")),
        may_not("push a key to an instance without the tag", PUSH, INSTANCE, given=on(None, "ops")),
        may_not("push a key in another region", PUSH, SAME_ID_IN_EUROPE, given=on("blue", "ops")),
        may_not("push a key in another account", PUSH, SAME_ID_AT_A_STRANGERS, given=on("blue", "ops")),
        may_not("open the serial console", "ec2-instance-connect:SendSerialConsoleSSHPublicKey", INSTANCE),
        may_not(
            "open a tunnel of EC2 Instance Connect",
            "ec2-instance-connect:OpenTunnel",
            "<ec2>:instance-connect-endpoint/eice-0a1b2c3d4e5f60718",
        ),
        may_not("use AWS's document for SSH, with any port", START, aws_owned("AWS-StartSSHSession")),
        may_not("reach the SSH port of another team's instance", START, INSTANCE, given=team("red")),
        may_not("use a document for SSH whose name goes on", START, f"{OWN_SSH}-2"),
    ),
    *table(
        "engineer",
        "engineer with SSH and without a team",
        may_not("push a key to a team's instance", PUSH, INSTANCE, given=on("blue", "ops")),
        may_not("push a key to an instance without the tag", PUSH, INSTANCE, given=on(None, "ops")),
    ),
    *table(
        "engineer",
        "engineer without a login",
        may("open a tunnel all the same", START, INSTANCE, PORT, given=team("blue")),
        may_not("end anybody's session", TERMINATE, f"{THEIRS}alice@example.com{SUFFIX}"),
        may_not("end a session without a name", TERMINATE, f"{THEIRS}{SUFFIX}"),
        may_not("end one named like the variable", TERMINATE, f"{THEIRS}${{aws:PrincipalTag/login}}{SUFFIX}"),
    ),
    *table(
        "engineer",
        "engineer in a role",
        may_not("end a session that only bears its name", TERMINATE, f"{THEIRS}alice{SUFFIX}"),
        may_not(
            "end a session of its name in another role",
            TERMINATE,
            f"{THEIRS}alice{SUFFIX}",
            given=bears("AROAOTHER0000000:alice"),
        ),
    ),
    *table(
        "engineer",
        "engineer as a user",
        may_not("end a session of a user with a longer name", TERMINATE, f"{THEIRS}alice2{SUFFIX}"),
    ),
]
