"""What the instance and the keeper may do, and who may become them."""

from __future__ import annotations

from dataclasses import replace

from tests.proof.people import Context
from tests.proof.tables.support import ANOTHER_INSTANCE, INSTANCE, START
from tests.proof.tables.vendor import DECRYPT, GET, KEY, SECRET, encrypted_for, through
from tests.proof.world import OTHER_KEY, Row, in_region, may, may_not, table

STACK = "<cloudformation>:stack/deepsql-selfhost/7c8d9e0f-1a2b-3c4d-5e6f-708192a3b4c5"
ANOTHER_STACK = "<cloudformation>:stack/other/7c8d9e0f-1a2b-3c4d-5e6f-708192a3b4c5"
OTHER_SECRET, OTHER_USER, OTHER_ROLE = "<secretsmanager>:secret:Other-AbCdEf", "<iam>:user/other", "<iam>:role/admin"
ANOTHER_KEY = f"<kms>:{OTHER_KEY}"
TRANSCRIPT = "<SessionLogGroup>:log-stream:x"
OTHER_DOCUMENT = "<ssm>:document/other"
OTHER_TRANSCRIPT = "<logs>:log-group:other:log-stream:x"
FOR_ADMIN: Context = encrypted_for("<AdminSecret>")

ENCRYPT, LOG_KEY = "kms:GenerateDataKey", "kms:EncryptionContext:aws:logs:arn"
FOR_LOG: Context = {"kms:ViaService": "logs.us-east-1.amazonaws.com", LOG_KEY: "<SessionLogGroup>"}
FOR_OTHER_LOG: Context = FOR_LOG | {LOG_KEY: "<SessionLogGroup>2"}

OWN_LOG = "<logs>:log-group:/aws/ssm/cell-1/cluster"
FOR_OWN_LOG: Context = FOR_LOG | {LOG_KEY: OWN_LOG}

OWN_LOG_GROUP = [
    replace(row, stack="own log")
    for row in (
        *table(
            "a log group of the customer's own",
            "instance",
            may("write the customer's log group", "logs:PutLogEvents", f"{OWN_LOG}:log-stream:x"),
            may("begin a transcript there", "logs:CreateLogStream", f"{OWN_LOG}:log-stream:x"),
            may("encrypt it with the key that it has", ENCRYPT, ANOTHER_KEY, given=FOR_OWN_LOG),
            may_not("encrypt another log group with that key", ENCRYPT, ANOTHER_KEY, given=FOR_OTHER_LOG),
            may_not("encrypt with that key by itself", ENCRYPT, ANOTHER_KEY, given=FOR_OWN_LOG | through(None)),
            may_not("write another log group", "logs:PutLogEvents", OTHER_TRANSCRIPT),
            may_not(
                "write where revocations are recorded", "logs:PutLogEvents", "<KeeperLogGroup>:log-stream:revocations"
            ),
            may_not("read transcripts there", "logs:GetLogEvents", f"{OWN_LOG}:log-stream:x"),
            may_not("delete the customer's log group", "logs:DeleteLogGroup", OWN_LOG),
        ),
        *table(
            "a log group of the customer's own, for support",
            "support",
            may_not("read transcripts in the customer's log group", "logs:GetLogEvents", f"{OWN_LOG}:log-stream:x"),
            may_not("write there", "logs:PutLogEvents", f"{OWN_LOG}:log-stream:x"),
            may_not("delete it", "logs:DeleteLogGroup", OWN_LOG),
        ),
    )
]

INSTANCE_ROLE = table(
    "instance role",
    "instance",
    may("register with Systems Manager", "ssm:UpdateInstanceInformation", INSTANCE),
    may("open its control channel", "ssmmessages:CreateControlChannel", "*"),
    may("open a session's channel", "ssmmessages:OpenDataChannel", "*"),
    may("fetch messages", "ec2messages:GetMessages", "*"),
    may("report what is installed", "ssm:PutInventory", "*"),
    may_not("read another document of the account", "ssm:GetDocument", OTHER_DOCUMENT),
    may_not("look another document of the account up", "ssm:DescribeDocument", OTHER_DOCUMENT),
    may_not("read the account's preferences", "ssm:GetDocument", "<ssm>:document/SSM-SessionManagerRunShell"),
    may_not("list documents", "ssm:ListDocuments", "*"),
    may_not("report an inventory elsewhere", "ssm:PutInventory", "*", given=in_region("eu-west-1")),
    may("write the session log", "logs:PutLogEvents", TRANSCRIPT),
    may("begin a transcript", "logs:CreateLogStream", TRANSCRIPT),
    may("find the session log", "logs:DescribeLogGroups", "*"),
    may("look its transcripts up", "logs:DescribeLogStreams", "<SessionLogGroup>"),
    may("encrypt the session log", ENCRYPT, KEY, given=FOR_LOG),
    may("decrypt what it appends to", DECRYPT, KEY, given=FOR_LOG),
    may("encrypt the session log on an upgraded stack", ENCRYPT, KEY, given=FOR_LOG, stack="published"),
    may_not("encrypt another log group", ENCRYPT, KEY, given=FOR_OTHER_LOG),
    may_not("encrypt the session log by itself", ENCRYPT, KEY, given=FOR_LOG | through(None)),
    may_not("encrypt the session log through another service", ENCRYPT, KEY,
            given=FOR_LOG | through("s3.us-east-1.amazonaws.com")),
    may_not("encrypt with another key", ENCRYPT, ANOTHER_KEY, given=FOR_LOG),
    may("read the admin password", GET, "<AdminSecret>"),
    may("decrypt the admin password", DECRYPT, KEY, given=FOR_ADMIN),
    may("read the install settings", "ssm:GetParameter", "<InstallSettings>"),
    may("report that it is ready", "cloudformation:SignalResource", STACK),
    may("report that it is ready on an upgraded stack", "cloudformation:SignalResource", STACK, stack="published"),
    may("write the session log on an upgraded stack", "logs:PutLogEvents", TRANSCRIPT, stack="published"),
    may_not("read the support secret", GET, SECRET),
    may_not("read another secret", GET, OTHER_SECRET),
    may_not("list secrets", "secretsmanager:ListSecrets", "*"),
    may_not("write the admin password", "secretsmanager:PutSecretValue", "<AdminSecret>"),
    may_not("open the admin password to others", "secretsmanager:PutResourcePolicy", "<AdminSecret>"),
    may_not("decrypt by itself", DECRYPT, KEY, given=through(None)),
    may_not("decrypt the session log", DECRYPT, KEY, given=through("logs.us-east-1.amazonaws.com")),
    may_not("decrypt with another key", DECRYPT, ANOTHER_KEY),
    may_not("rewrite the key's policy", "kms:PutKeyPolicy", KEY),
    may_not("grant the key away", "kms:CreateGrant", KEY),
    may_not("read another parameter", "ssm:GetParameter", "<ssm>:parameter/database/password"),
    may_not("read several parameters", "ssm:GetParameters", "<ssm>:parameter/database/password"),
    may_not("read parameters by path", "ssm:GetParametersByPath", "<ssm>:parameter/database"),
    may_not("read the history of its settings", "ssm:GetParameterHistory", "<InstallSettings>"),
    may_not("write its settings", "ssm:PutParameter", "<InstallSettings>"),
    may_not("write another log group", "logs:PutLogEvents", OTHER_TRANSCRIPT),
    may_not("write where revocations are recorded", "logs:PutLogEvents", "<KeeperLogGroup>:log-stream:revocations"),
    may_not("begin a stream there", "logs:CreateLogStream", "<KeeperLogGroup>:log-stream:revocations"),
    may_not("read transcripts", "logs:GetLogEvents", TRANSCRIPT),
    may_not("delete a transcript", "logs:DeleteLogStream", TRANSCRIPT),
    may_not("delete the session log", "logs:DeleteLogGroup", "<SessionLogGroup>"),
    may_not("delete the record of revocations", "logs:DeleteLogGroup", "<KeeperLogGroup>"),
    may_not("shorten the record's life", "logs:PutRetentionPolicy", "<KeeperLogGroup>"),
    may_not("make a log group", "logs:CreateLogGroup", "<logs>:log-group:mine"),
    may_not("shorten the log's life", "logs:PutRetentionPolicy", "<SessionLogGroup>"),
    may_not("register in another region", "ssmmessages:CreateControlChannel", "*", given=in_region("eu-west-1")),
    may_not("start a session on itself", START, INSTANCE),
    may_not("start a session elsewhere", START, ANOTHER_INSTANCE),
    may_not("run commands elsewhere", "ssm:SendCommand", ANOTHER_INSTANCE),
    may_not("change the shell document", "ssm:UpdateDocument", "<ShellDocument>"),
    may_not("signal another stack", "cloudformation:SignalResource", ANOTHER_STACK),
    may_not("update its own stack", "cloudformation:UpdateStack", STACK),
    may_not("see other instances", "ec2:DescribeInstances", "*"),
    may_not("tag itself", "ec2:CreateTags", INSTANCE),
    may_not("make access keys", "iam:CreateAccessKey", "<SupportUser>"),
    may_not("become another role", "sts:AssumeRole", OTHER_ROLE),
    may_not("pass its role on", "iam:PassRole", "<InstanceRole>"),
    may_not("read buckets", "s3:GetObject", "arn:aws:s3:::bucket/key"),
    may_not("call the keeper", "lambda:InvokeFunction", "<KeeperFunction>"),
    may_not("sign in to the database it leads to", "rds-db:connect",
            "arn:aws:rds-db:us-east-1:111122223333:dbuser:cluster-X/alice_o", stack="database"),
)  # fmt: skip

BASTION = [
    replace(row, stack="bastion")
    for row in table(
        "bastion role",
        "bastion",
        may("register with Systems Manager", "ssm:UpdateInstanceInformation", ANOTHER_INSTANCE),
        may("open its control channel", "ssmmessages:CreateControlChannel", "*"),
        may("carry a tunnel", "ssmmessages:OpenDataChannel", "*"),
        may("write what is typed in its shells to the session log", "logs:PutLogEvents", TRANSCRIPT),
        may_not("register in another region", "ssmmessages:CreateControlChannel", "*", given=in_region("eu-west-1")),
        may_not("read another document of the account", "ssm:GetDocument", OTHER_DOCUMENT),
        may_not("begin a stream of the keeper", "logs:CreateLogStream", "<KeeperLogGroup>:log-stream:x"),
        may("encrypt what is typed in its shells", ENCRYPT, KEY, given=FOR_LOG),
        may_not("encrypt another log group", ENCRYPT, KEY, given=FOR_OTHER_LOG),
        may_not("read the admin password", GET, "<AdminSecret>"),
        may_not("read the support secret", GET, SECRET),
        may_not("read another secret", GET, OTHER_SECRET),
        may_not("decrypt the admin password", DECRYPT, KEY, given=FOR_ADMIN),
        may_not("decrypt with another key", DECRYPT, ANOTHER_KEY),
        may_not("read the install settings", "ssm:GetParameter", "<InstallSettings>"),
        may_not("read another parameter", "ssm:GetParameter", "<ssm>:parameter/database/password"),
        may_not("read transcripts", "logs:GetLogEvents", TRANSCRIPT),
        may_not("delete a transcript", "logs:DeleteLogStream", TRANSCRIPT),
        may_not("write another log group", "logs:PutLogEvents", OTHER_TRANSCRIPT),
        may_not("start a session on the instance", START, INSTANCE),
        may_not("run commands on the instance", "ssm:SendCommand", INSTANCE),
        may_not("report the instance ready", "cloudformation:SignalResource", STACK),
        may_not("see instances", "ec2:DescribeInstances", "*"),
        may_not("tag itself into support's reach", "ec2:CreateTags", ANOTHER_INSTANCE),
        may_not("become another role", "sts:AssumeRole", OTHER_ROLE),
        may_not("become the instance's role", "sts:AssumeRole", "<InstanceRole>"),
        may_not("pass a role on", "iam:PassRole", "<InstanceRole>"),
        may_not("make access keys", "iam:CreateAccessKey", "<SupportUser>"),
        may_not("sign in to a database", "rds-db:connect",
                "arn:aws:rds-db:us-east-1:111122223333:dbuser:cluster-X/alice_r"),
        may_not("read buckets", "s3:GetObject", "arn:aws:s3:::bucket/key"),
        may_not("call the keeper", "lambda:InvokeFunction", "<KeeperFunction>"),
        may_not("lengthen its life", "autoscaling:UpdateAutoScalingGroup",
                "<autoscaling>:autoScalingGroup:x:autoScalingGroupName/x"),
    )
]  # fmt: skip

END_SESSION, LIST_SESSIONS, A_SESSION = "ssm:TerminateSession", "ssm:DescribeSessions", "<ssm>:session/bob-1"
TARGET = "ssm:resourceTag/aws:ssmmessages:target-id"
ON_THE_INSTANCE: Context = {TARGET: "<Instance.name>"}
ON_ANOTHER: Context = {TARGET: "i-0fedcba9876543210"}

KEEPER = table(
    "keeper",
    "keeper",
    may("make the support user's key", "iam:CreateAccessKey", "<SupportUser>"),
    may("delete the support user's key", "iam:DeleteAccessKey", "<SupportUser>"),
    may("list the support user's keys", "iam:ListAccessKeys", "<SupportUser>"),
    may("switch the support user's key", "iam:UpdateAccessKey", "<SupportUser>"),
    may("write the support secret", "secretsmanager:PutSecretValue", SECRET),
    may("read the support secret", GET, SECRET),
    may("move the secret's stages", "secretsmanager:UpdateSecretVersionStage", SECRET),
    may("look the secret up", "secretsmanager:DescribeSecret", SECRET),
    may("encrypt the secret", "kms:GenerateDataKey", KEY),
    may("decrypt the secret", DECRYPT, KEY),
    may("look the image up", "ssm:GetParameter",
        "arn:aws:ssm:us-east-1::parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"),
    may("look at its own stack", "cloudformation:DescribeStackResource", STACK),
    may("write its own log", "logs:PutLogEvents", "<KeeperLogGroup>:log-stream:x"),
    may("make the key on an upgraded stack", "iam:CreateAccessKey", "<SupportUser>", stack="published"),
    may_not("make another user's key", "iam:CreateAccessKey", OTHER_USER),
    may_not("make a key of a user whose name goes on", "iam:CreateAccessKey", "<SupportUser>2"),
    may_not("delete another user's key", "iam:DeleteAccessKey", OTHER_USER),
    may_not("list another user's keys", "iam:ListAccessKeys", OTHER_USER),
    may_not("switch another user's key", "iam:UpdateAccessKey", OTHER_USER),
    may_not("delete the user", "iam:DeleteUser", "<SupportUser>"),
    may_not("attach a policy to the user", "iam:AttachUserPolicy", "<SupportUser>"),
    may_not("write the user a policy", "iam:PutUserPolicy", "<SupportUser>"),
    may_not("give the user a password", "iam:CreateLoginProfile", "<SupportUser>"),
    may_not("take the user's boundary off", "iam:DeleteUserPermissionsBoundary", "<SupportUser>"),
    may_not("write itself a policy", "iam:PutRolePolicy", "<KeeperRole>"),
    may_not("pass a role on", "iam:PassRole", "<InstanceRole>"),
    may_not("pass its own role on", "iam:PassRole", "<KeeperRole>"),
    may_not("become another role", "sts:AssumeRole", OTHER_ROLE),
    may_not("read the admin password", GET, "<AdminSecret>"),
    may_not("read another secret", GET, OTHER_SECRET),
    may_not("write another secret", "secretsmanager:PutSecretValue", OTHER_SECRET),
    may_not("open the secret to others", "secretsmanager:PutResourcePolicy", SECRET),
    may_not("delete the secret", "secretsmanager:DeleteSecret", SECRET),
    may_not("make a secret", "secretsmanager:CreateSecret", "<secretsmanager>:secret:mine"),
    may_not("decrypt by itself", DECRYPT, KEY, given=through(None)),
    may_not("use another key", DECRYPT, ANOTHER_KEY),
    may_not("rewrite the key's policy", "kms:PutKeyPolicy", KEY),
    may_not("grant the key away", "kms:CreateGrant", KEY),
    may_not("read a parameter of the account", "ssm:GetParameter", "<ssm>:parameter/database/password"),
    may_not("start a session", START, INSTANCE),
    may_not("run commands", "ssm:SendCommand", INSTANCE),
    may_not("look at another stack", "cloudformation:DescribeStackResource", ANOTHER_STACK),
    may_not("update its own stack", "cloudformation:UpdateStack", STACK),
    may_not("write the session log", "logs:PutLogEvents", TRANSCRIPT),
    may_not("read transcripts", "logs:GetLogEvents", TRANSCRIPT),
    may_not("change the shell document", "ssm:UpdateDocument", "<ShellDocument>"),
    may("end a session on the instance, for the end of access", END_SESSION, A_SESSION, given=ON_THE_INSTANCE),
    may("list sessions, for the end of access", LIST_SESSIONS, "*"),
    may_not("end a session on another instance", END_SESSION, A_SESSION, given=ON_ANOTHER),
    may_not("end a session that says not where it is", END_SESSION, A_SESSION),
    may_not("end a session elsewhere", END_SESSION, "arn:aws:ssm:eu-west-1:111122223333:session/bob-1",
            given=ON_THE_INSTANCE),
    may_not("list sessions of another region", LIST_SESSIONS, "*", given=in_region("eu-west-1")),
    may_not("end a session where access has no end", END_SESSION, A_SESSION, given=ON_THE_INSTANCE, stack="endless"),
    may_not("list sessions where access has no end", LIST_SESSIONS, "*", stack="endless"),
    may_not("end a session where there is no support", END_SESSION, A_SESSION, given=ON_THE_INSTANCE, stack="off"),
    may_not("rewrite its own code", "lambda:UpdateFunctionCode", "<KeeperFunction>"),
    may_not("stop the instance", "ec2:StopInstances", INSTANCE),
    may_not("make any key where there is no support user", "iam:CreateAccessKey", OTHER_USER, stack="off"),
    may_not("read any secret where there is no support user", GET, OTHER_SECRET, stack="off"),
    may_not("use the key where there is no support user", DECRYPT, KEY, given=encrypted_for(OTHER_SECRET), stack="off"),
)  # fmt: skip

ASSUME, INVOKE = "sts:AssumeRole", "lambda:InvokeFunction"
FOR_OUR_SECRET: Context = {"aws:SourceAccount": "111122223333", "aws:SourceArn": SECRET}
FOR_NO_SECRET: Context = {"aws:SourceAccount": "111122223333"}
FOR_ANOTHER_SECRET: Context = FOR_NO_SECRET | {"aws:SourceArn": OTHER_SECRET}
FOR_A_STRANGER: Context = FOR_OUR_SECRET | {"aws:SourceAccount": "777788889999"}
FOR_OUR_RULE: Context = {"aws:SourceArn": "<AccessEndRule>"}
FOR_ANOTHER_RULE: Context = {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/another"}
TRUST = [
    *table(
        "trust",
        "EC2",
        may("become the instance", ASSUME, "<InstanceRole>"),
        may_not("become the keeper", ASSUME, "<KeeperRole>"),
        may("become the bastion", ASSUME, "<BastionRole>", stack="bastion"),
    ),
    *table(
        "trust",
        "Lambda",
        may("become the keeper", ASSUME, "<KeeperRole>"),
        may_not("become the instance", ASSUME, "<InstanceRole>"),
    ),
    *table(
        "trust",
        "customer's administrator",
        may_not("become the instance", ASSUME, "<InstanceRole>"),
        may_not("become the keeper", ASSUME, "<KeeperRole>"),
        may_not("become the bastion", ASSUME, "<BastionRole>", stack="bastion"),
    ),
    *table(
        "trust",
        "vendor",
        may_not("become the keeper", ASSUME, "<KeeperRole>"),
        may_not("become the bastion", ASSUME, "<BastionRole>", stack="bastion"),
    ),
    *table(
        "trust",
        "Secrets Manager",
        may("have the keeper rotate the support secret", INVOKE, "<KeeperFunction>", given=FOR_OUR_SECRET),
        may_not("have it rotate another secret", INVOKE, "<KeeperFunction>", given=FOR_ANOTHER_SECRET),
        may_not("have it rotate for another account", INVOKE, "<KeeperFunction>", given=FOR_A_STRANGER),
        may_not("call it where there is no secret", INVOKE, "<KeeperFunction>", given=FOR_NO_SECRET, stack="off"),
    ),
    *table(
        "trust",
        "EventBridge",
        may("have the keeper end sessions by the stack's rule", INVOKE, "<KeeperFunction>", given=FOR_OUR_RULE),
        may_not("call it by another rule", INVOKE, "<KeeperFunction>", given=FOR_ANOTHER_RULE),
        may_not("call it where access has no end", INVOKE, "<KeeperFunction>", given=FOR_ANOTHER_RULE, stack="endless"),
    ),
]  # fmt: skip

ROWS: list[Row] = [*INSTANCE_ROLE, *OWN_LOG_GROUP, *BASTION, *KEEPER, *TRUST]
