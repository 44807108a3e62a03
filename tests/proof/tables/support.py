"""What the support user may do, and what it may not."""

from __future__ import annotations

from dataclasses import replace

from tests.proof.people import Context
from tests.proof.world import AFTER, END, Row, at, in_region, may, may_not, table, tagged

START, OPEN = "ssm:StartSession", "ssmmessages:OpenDataChannel"
RESUME, TERMINATE = "ssm:ResumeSession", "ssm:TerminateSession"
INSTANCE, SHELL, TUNNEL = "<Instance>", "<ShellDocument>", "<PortDocument>"
CUSTOMERS_SHELL = "<CustomerShellDocument>"
SSH_DOCUMENT, PUSH = "<SshDocument>", "ec2-instance-connect:SendSSHPublicKey"
ACCOUNTS_SHELL = "<ssm>:document/SSM-SessionManagerRunShell"
ANOTHER_INSTANCE = "<ec2>:instance/i-0fedcba9876543210"
SUFFIX = "-0a1b2c3d4e5f60718"  # what Systems Manager appends to the user's name in a session's id
NEWER = "abcdefghijklmnopqrstuvwx01"  # and in newer IDs
THEIRS = "<ssm>:session/"
OWN = f"<ssm>:session/<SupportUser.name>{SUFFIX}"
NEWER_OWN = f"<ssm>:session/<SupportUser.name>-{NEWER}"
OTHER_REGION, OTHER_ACCOUNT = "arn:aws:ssm:eu-west-1:111122223333", "arn:aws:ssm:us-east-1:777788889999"
SAME_ID_IN_EUROPE = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"
SAME_ID_AT_A_STRANGERS = "arn:aws:ec2:us-east-1:777788889999:instance/i-0a1b2c3d4e5f60718"
FEDERATED = "arn:aws:sts::111122223333:federated-user/x"
SEE_MANAGED = "ssm:DescribeInstanceInformation"
YEARS_LATER = "2031-01-01T00:00:00Z"
UNTAGGED = tagged(None)
SESSION_TAG = "ssm:resourceTag/aws:ssmmessages:session-id"
BEARS_ITS_ID: Context = {SESSION_TAG: "AIDA1B2C3D4E5F6G7H8I9"}
BEARS_ANOTHERS: Context = {SESSION_TAG: "AIDA0Z9Y8X7W6V5U4T3S2"}
UNCHECKED: Context = {"ssm:SessionDocumentAccessCheck": "false"}


def login(name: str | None) -> Context:
    return {"ec2:osuser": name}


def aws_owned(name: str) -> str:
    return f"arn:aws:ssm:us-east-1::document/{name}"


SESSIONS = table(
    "session",
    "support",
    may("open a shell on the instance", START, INSTANCE, SHELL),
    may("open a tunnel to the instance", START, INSTANCE, TUNNEL),
    may("open a shell where the stack's end is not set", START, INSTANCE, SHELL, stack="endless"),
    may("open a shell years later where no end is set", START, INSTANCE, given=at(YEARS_LATER), stack="endless"),
    may("open a shell without any vendor grant", START, INSTANCE, SHELL, stack="ungranted"),
    may("open a shell on an upgraded stack", START, INSTANCE, SHELL, stack="published"),
    may_not("open AWS's own shell on the instance", START, INSTANCE, aws_owned("SSM-SessionManagerRunShell")),
    may_not("open its shell on another instance", START, ANOTHER_INSTANCE, SHELL),
)  # fmt: skip

ENGINEERS = [
    row
    for who, stack in (
        ("support", "open"),
        ("support with administrator rights", "open"),
        ("support role", "role"),
        ("support role with administrator rights", "role"),
    )
    for row in table(
        "engineers' documents",
        who,
        *(
            may_not(f"start a session by {kind}", START, f"<ssm>:document/deepsql-engineers-{kind}", stack=stack)
            for kind in ("port", "remote-port", "command", "shell", "run")
        ),
        may_not("send a command by run", "ssm:SendCommand", "<ssm>:document/deepsql-engineers-run", stack=stack),
    )
]
"""Of the customer's own people (deployer engineers up): support gets nothing of them."""

TAGS = table(
    "tag",
    "support",
    may("reach the tagged instance", START, INSTANCE),
    may_not("reach it untagged", START, INSTANCE, given=UNTAGGED),
    may_not("reach it tagged false", START, INSTANCE, given=tagged("false")),
    may_not("reach it tagged True: values heed case", START, INSTANCE, given=tagged("True")),
    may_not("reach it tagged TRUE", START, INSTANCE, given=tagged("TRUE")),
    may_not("reach it with an empty tag", START, INSTANCE, given=tagged("")),
    may_not("reach it tagged truer", START, INSTANCE, given=tagged("truer")),
    may_not("reach it by a tag with another key", START, INSTANCE, given=UNTAGGED | tagged("true", "deepsql:managed2")),
    may_not("reach it by a tag without its prefix", START, INSTANCE, given=UNTAGGED | tagged("true", "managed")),
)  # fmt: skip

INSTANCES = table(
    "instance",
    "support",
    may_not("reach another instance that bears the tag", START, ANOTHER_INSTANCE),
    may_not("reach an instance whose id begins alike", START, "<ec2>:instance/i-0a1b2c3d4e5f60718a"),
    may_not("reach the same id in another region", START, SAME_ID_IN_EUROPE),
    may_not("reach the same id in another account", START, SAME_ID_AT_A_STRANGERS),
    may_not("reach an on-premises node", START, "<ssm>:managed-instance/mi-0a1b2c3d4e5f60718", given=tagged("true")),
    may_not("reach the bastion's host", START, ANOTHER_INSTANCE,
        given=UNTAGGED | tagged("deepsql-selfhost", "deepsql:bastion"), stack="bastion"),
    may_not("reach the bastion's host though somebody tagged it", START, ANOTHER_INSTANCE, stack="bastion"),
    may_not("reach a container", START, "<ecs>:task/cluster/0a1b2c3d4e5f60718", given=tagged("true")),
)  # fmt: skip

DOCUMENTS = table(
    "document",
    "support",
    may("use the stack's shell", START, SHELL),
    may("use the stack's tunnel", START, TUNNEL),
    may_not("use the customer's own shell, which has no limit", START, CUSTOMERS_SHELL),
    may_not("use the customer's own shell on an upgraded stack", START, CUSTOMERS_SHELL, stack="published"),
    may_not("use the stack's SSH unless the customer says so", START, SSH_DOCUMENT),
    may_not("use the account's default shell", START, "<ssm>:document/SSM-SessionManagerRunShell"),
    may_not("use the default shell of AWS", START, aws_owned("SSM-SessionManagerRunShell")),
    may_not("use AWS's tunnel to any port", START, aws_owned("AWS-StartPortForwardingSession")),
    may_not("use AWS's tunnel to any host", START, aws_owned("AWS-StartPortForwardingSessionToRemoteHost")),
    may_not("use AWS's tunnel to any socket", START, aws_owned("AWS-StartPortForwardingSessionToSocket")),
    may_not("use AWS's way for SSH", START, aws_owned("AWS-StartSSHSession")),
    may_not("use AWS's interactive commands", START, aws_owned("AWS-StartInteractiveCommand")),
    may_not("use AWS's other commands", START, aws_owned("AWS-StartNonInteractiveCommand")),
    may_not("use AWS's command document", START, aws_owned("AWS-RunShellScript")),
    may_not("use another document of the account", START, "<ssm>:document/Other"),
    may_not("use the database's tunnel, which is the customer's", START, "<DatabaseDocument>", stack="database"),
    may_not("use a document whose name goes on after the shell's", START, "<ShellDocument>-2"),
    may_not("use a document whose name goes on after the tunnel's", START, "<PortDocument>2"),
    may_not("use a document of the name in another region", START, f"{OTHER_REGION}:document/<ShellDocument.name>"),
    may_not("use a document of the name in another account", START, f"{OTHER_ACCOUNT}:document/<ShellDocument.name>"),
    may_not("use the shell while documents are not checked", START, SHELL, given=UNCHECKED),
    may_not("use the tunnel while documents are not checked", START, TUNNEL, given=UNCHECKED),
    may_not("start on the instance without naming a document", START, INSTANCE, given=UNCHECKED),
    may("start where the service does not say whether it checks", START, INSTANCE, SHELL,
        given={"ssm:SessionDocumentAccessCheck": None}),
)  # fmt: skip

ENDS = table(
    "end",
    "support",
    may("start a second before the end", START, INSTANCE, SHELL, given=at("2026-11-30T23:59:59Z")),
    may_not("start on the instance at the end", START, INSTANCE, given=at(END)),
    may_not("start on the instance after the end", START, INSTANCE, given=at(AFTER)),
    may_not("start on the instance years after the end", START, INSTANCE, given=at(YEARS_LATER)),
    may_not("use the shell after the end", START, SHELL, given=at(AFTER)),
    may_not("use the tunnel after the end", START, TUNNEL, given=at(AFTER)),
    may_not("resume its session after the end", RESUME, OWN, given=at(AFTER)),
    may_not("resume a session that bears its id after the end", RESUME, f"{THEIRS}x", given=BEARS_ITS_ID | at(AFTER)),
    may_not("open a data channel after the end", OPEN, OWN, given=at(AFTER)),
    may_not("look instances up after the end", "ec2:DescribeInstances", "*", given=at(AFTER)),
    may("end its own session after the end", TERMINATE, OWN, given=at(AFTER)),
)  # fmt: skip

OWN_SESSIONS = table(
    "own session",
    "support",
    may("end its own session", TERMINATE, OWN),
    may("resume its own session", RESUME, OWN),
    may("open the data channel of its session", OPEN, OWN),
    may("end its own session on an upgraded stack", TERMINATE, OWN, stack="published"),
    may("end a session with an ID of the newer form", TERMINATE, NEWER_OWN),
    may("resume a session with an ID of the newer form", RESUME, NEWER_OWN),
    may("end a session that bears its id, as roles do, where an option brings the managed policy", TERMINATE,
        f"{THEIRS}x", given=BEARS_ITS_ID, stack="ssh"),
    may_not("resume a session that bears another's id there", RESUME, f"{THEIRS}x", given=BEARS_ANOTHERS, stack="ssh"),
    may_not("end a session of a user whose name goes on after a dash", TERMINATE,
        f"{THEIRS}<SupportUser.name>-lead{SUFFIX}"),
    may_not("resume a session of a user whose name goes on after a dash", RESUME,
        f"{THEIRS}<SupportUser.name>-lead{SUFFIX}"),
    may_not("end a newer session of a user whose name goes on after a dash", TERMINATE,
        f"{THEIRS}<SupportUser.name>-lead-{NEWER}"),
    may_not("end a session with a shorter ID", TERMINATE, OWN[:-1]),
    may_not("end a session with a longer ID", TERMINATE, f"{OWN}0"),
    may_not("end a session with an ID between the two forms", TERMINATE, NEWER_OWN[:-1]),
    may_not("end a session that bears another user's id", TERMINATE, f"{THEIRS}x", given=BEARS_ANOTHERS),
    may_not("resume a session that bears another user's id", RESUME, f"{THEIRS}x", given=BEARS_ANOTHERS),
    may_not("resume a session that bears its id in another region", RESUME, f"{OTHER_REGION}:session/x",
        given=BEARS_ITS_ID),
    may_not("end another user's session", TERMINATE, f"{THEIRS}bob{SUFFIX}"),
    may_not("resume another user's session", RESUME, f"{THEIRS}bob{SUFFIX}"),
    may_not("resume a session of a user with a shorter name", RESUME, f"{THEIRS}deepsql-selfhost-SupportUser{SUFFIX}"),
    may_not("resume a session of a user whose name ends alike", RESUME, f"{THEIRS}x<SupportUser.name>{SUFFIX}"),
    may_not("resume a session of a user with a longer name", RESUME, f"{THEIRS}<SupportUser.name>2{SUFFIX}"),
    may_not("resume a session of a role session", RESUME, f"{THEIRS}alice{SUFFIX}"),
    may_not("resume a session of its name in capitals", RESUME, f"{THEIRS}DEEPSQL-SUPPORT{SUFFIX}", stack="published"),
    may_not("end a session in another region", TERMINATE, f"{OTHER_REGION}:session/<SupportUser.name>{SUFFIX}"),
    may_not("end a session in another account", TERMINATE, f"{OTHER_ACCOUNT}:session/<SupportUser.name>{SUFFIX}"),
    may_not("open a data channel in another region", OPEN, f"{OTHER_REGION}:session/<SupportUser.name>{SUFFIX}"),
    may_not("list everybody's sessions", "ssm:DescribeSessions", "*"),
)  # fmt: skip

SSH = [
    replace(row, stack="ssh")
    for row in table(
        "ssh",
        "support",
        may("use the stack's SSH where the customer said so", START, INSTANCE, SSH_DOCUMENT),
        may("push a key for the one login", PUSH, INSTANCE),
        may_not("push a key for root", PUSH, INSTANCE, given=login("root")),
        may_not("push a key for the agent's user", PUSH, INSTANCE, given=login("ssm-user")),
        may_not("push a key without saying for whom", PUSH, INSTANCE, given=login(None)),
        may_not("push a key to the untagged instance", PUSH, INSTANCE, given=UNTAGGED),
        may_not("push a key to the instance tagged false", PUSH, INSTANCE, given=tagged("false")),
        may_not("push a key to another instance", PUSH, ANOTHER_INSTANCE),
        may_not("push a key in another region", PUSH, SAME_ID_IN_EUROPE),
        may_not("push a key after the end", PUSH, INSTANCE, given=at(AFTER)),
        may_not("use the serial console there", "ec2-instance-connect:SendSerialConsoleSSHPublicKey", INSTANCE),
        may_not("use AWS's way for SSH there", START, aws_owned("AWS-StartSSHSession")),
        may_not("use SSH after the end", START, SSH_DOCUMENT, given=at(AFTER)),
        may_not("start the account's default shell for that", START, ACCOUNTS_SHELL),
    )
]

SSH_AS_ANOTHER = [
    replace(row, stack="ssh as jump")
    for row in table(
        "ssh as another login",
        "support",
        may("push a key for the login of the customer's choice", PUSH, INSTANCE, given=login("jump")),
        may_not("push a key for the login that is the default", PUSH, INSTANCE, given=login("ec2-user")),
        may_not("push a key for root there", PUSH, INSTANCE, given=login("root")),
        may_not("push a key for a login whose name goes on", PUSH, INSTANCE, given=login("jump2")),
    )
]

DEFAULT_SHELL = [
    replace(row, stack="default shell")
    for row in table(
        "default shell",
        "support",
        may("start the account's default shell where the customer said so", START, INSTANCE, ACCOUNTS_SHELL),
        may("start the stack's shell as before", START, INSTANCE, SHELL),
        may_not("start it on another instance", START, ANOTHER_INSTANCE, ACCOUNTS_SHELL),
        may_not("start it on the untagged instance", START, INSTANCE, given=UNTAGGED),
        may_not("start it after the end", START, ACCOUNTS_SHELL, given=at(AFTER)),
        may_not("use a document whose name goes on", START, f"{ACCOUNTS_SHELL}2"),
        may_not("use another document of the account", START, "<ssm>:document/Other"),
        may_not("use AWS's tunnel to any port", START, aws_owned("AWS-StartPortForwardingSession")),
        may_not("use the stack's SSH", START, SSH_DOCUMENT),
        may_not("push a key", PUSH, INSTANCE),
    )
]

LOOK_UPS = table(
    "look-up",
    "support",
    may("look instances up in the stack's region", "ec2:DescribeInstances", "*"),
    may("see which instances are managed", SEE_MANAGED, "*"),
    may("see whether the instance is connected", "ssm:GetConnectionStatus", INSTANCE),
    may_not("see whether an instance of another region is connected", "ssm:GetConnectionStatus", SAME_ID_IN_EUROPE),
    may_not("look instances up in another region", "ec2:DescribeInstances", "*", given=in_region("eu-west-1")),
    may_not("look instances up in a region it does not name", "ec2:DescribeInstances", "*", given=in_region(None)),
    may_not("see managed instances of another region", SEE_MANAGED, "*", given=in_region("us-east-2")),
    may_not("see instance properties", "ssm:DescribeInstanceProperties", "*"),
    may_not("see the networks", "ec2:DescribeVpcs", "*"),
    may_not("see user data", "ec2:DescribeInstanceAttribute", INSTANCE),
    may_not("list users", "iam:ListUsers", "*"),
    may_not("list secrets", "secretsmanager:ListSecrets", "*"),
    may_not("list buckets", "s3:ListAllMyBuckets", "*"),
)  # fmt: skip

LIMITS = table(
    "what IAM cannot close",
    "support",
    may("reach it when the tag's key is in capitals: keys are compared without case", START, INSTANCE,
        given=UNTAGGED | tagged("true", "DeepSQL:Managed")),
    may("end a session of a user called like itself, a dash and eight more: the ID is as long as a newer one",
        TERMINATE, f"{THEIRS}<SupportUser.name>-12345678{SUFFIX}"),
    may("see whether another instance of the region is connected", "ssm:GetConnectionStatus", ANOTHER_INSTANCE),
)  # fmt: skip

NOTHING_ELSE = table(
    "nothing else",
    "support",
    may_not("run commands on the instance", "ssm:SendCommand", INSTANCE),
    may_not("run AWS's command document", "ssm:SendCommand", aws_owned("AWS-RunShellScript")),
    may_not("run an automation", "ssm:StartAutomationExecution", "<ssm>:automation-definition/Any:1"),
    may_not("write a document", "ssm:CreateDocument", "<ssm>:document/Mine"),
    may_not("change the shell document", "ssm:UpdateDocument", SHELL),
    may_not("change the customer's shell document", "ssm:UpdateDocument", CUSTOMERS_SHELL),
    may_not("switch the shell document's version", "ssm:UpdateDocumentDefaultVersion", SHELL),
    may_not("share a document", "ssm:ModifyDocumentPermission", TUNNEL),
    may_not("delete a document", "ssm:DeleteDocument", SHELL),
    may_not("associate a document with the instance", "ssm:CreateAssociation", INSTANCE),
    may_not("read the install settings", "ssm:GetParameter", "<InstallSettings>"),
    may_not("tag an instance into reach", "ec2:CreateTags", ANOTHER_INSTANCE),
    may_not("take the tag away", "ec2:DeleteTags", INSTANCE),
    may_not("stop the instance", "ec2:StopInstances", INSTANCE),
    may_not("terminate the instance", "ec2:TerminateInstances", INSTANCE),
    may_not("change the instance's user data", "ec2:ModifyInstanceAttribute", INSTANCE),
    may_not("push an SSH key", "ec2-instance-connect:SendSSHPublicKey", INSTANCE),
    may_not("use the serial console", "ec2-instance-connect:SendSerialConsoleSSHPublicKey", INSTANCE),
    may_not("make itself an access key", "iam:CreateAccessKey", "<SupportUser>"),
    may_not("switch its access key on again", "iam:UpdateAccessKey", "<SupportUser>"),
    may_not("write itself a policy", "iam:PutUserPolicy", "<SupportUser>"),
    may_not("attach itself a policy", "iam:AttachUserPolicy", "<SupportUser>"),
    may_not("take its boundary off", "iam:DeleteUserPermissionsBoundary", "<SupportUser>"),
    may_not("make a user", "iam:CreateUser", "<iam>:user/second"),
    may_not("pass a role on", "iam:PassRole", "<InstanceRole>"),
    may_not("become the instance's role", "sts:AssumeRole", "<InstanceRole>"),
    may_not("become the keeper's role", "sts:AssumeRole", "<KeeperRole>"),
    may_not("become another role", "sts:AssumeRole", "<iam>:role/admin"),
    may_not("turn its key into session tokens that outlive it", "sts:GetSessionToken", "*"),
    may_not("make federated credentials", "sts:GetFederationToken", FEDERATED),
    may_not("read its own secret", "secretsmanager:GetSecretValue", "<SupportCredentialsSecret>"),
    may_not("read the admin password", "secretsmanager:GetSecretValue", "<AdminSecret>"),
    may_not("open the secret to others", "secretsmanager:PutResourcePolicy", "<SupportCredentialsSecret>"),
    may_not("decrypt with the stack's key", "kms:Decrypt", "<StackKey>"),
    may_not("rewrite the key's policy", "kms:PutKeyPolicy", "<StackKey>"),
    may_not("grant the key away", "kms:CreateGrant", "<StackKey>"),
    may_not("read the session log", "logs:GetLogEvents", "<SessionLogGroup>:log-stream:x"),
    may_not("delete the session log", "logs:DeleteLogGroup", "<SessionLogGroup>"),
    may_not("delete a transcript", "logs:DeleteLogStream", "<SessionLogGroup>:log-stream:x"),
    may_not("shorten the log's life", "logs:PutRetentionPolicy", "<SessionLogGroup>"),
    may_not("stop the audit trail", "cloudtrail:StopLogging", "<cloudtrail>:trail/main"),
    may_not("call the keeper", "lambda:InvokeFunction", "<KeeperFunction>"),
    may_not("change the keeper", "lambda:UpdateFunctionCode", "<KeeperFunction>"),
    may_not("update the stack", "cloudformation:UpdateStack", "<cloudformation>:stack/deepsql-selfhost/x"),
    may_not("log in to a database", "rds-db:connect", "arn:aws:rds-db:us-east-1:111122223333:dbuser:cluster-X/admin"),
)  # fmt: skip

ROWS: list[Row] = [
    *SESSIONS,
    *ENGINEERS,
    *TAGS,
    *INSTANCES,
    *DOCUMENTS,
    *ENDS,
    *OWN_SESSIONS,
    *SSH,
    *SSH_AS_ANOTHER,
    *DEFAULT_SHELL,
    *LOOK_UPS,
    *NOTHING_ELSE,
    *LIMITS,
]
