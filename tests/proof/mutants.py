"""Templates with one fault each: a table that overlooks one proves nothing about that line of the template."""

from __future__ import annotations

from tests.proof.mutation import (
    Change,
    Mutant,
    add_action,
    add_resource,
    add_statement,
    drop_condition,
    drop_operator,
    drop_property,
    drop_statement,
    redefine,
    rename_operator,
    set_condition,
    set_principal,
    set_property,
    set_resource,
    unwrap,
)
from tests.proof.resolve import Tree

MANAGED, INLINE, SECRET, KEY = "SupportSessionPolicy", "SupportUserPolicy", "SupportSecretPolicy", "StackKey"
POLICY = f"{MANAGED} {INLINE}"  # the user's statements are in both
INSTANCE, KEEPER, KEEPING = "InstanceRole", "KeeperRole", "KeeperSupportPolicy"
AGENT, BASTION = "AgentPolicy", "BastionRole"
START, GET, DECRYPT = "ssm:StartSession", "secretsmanager:GetSecretValue", "kms:Decrypt"
ON_INSTANCE, WITH_DOCUMENTS = "StartSessionsOnThisInstance", "StartSessionsWithTheseDocuments"
CHOSEN = "StartSessionsWithChosenDocuments"
VENDOR_READS, VENDOR_DECRYPTS = "VendorReadsTheSecret", "VendorDecryptViaSecretsManager"
USER, PUSH = "SupportUser", "ec2-instance-connect:SendSSHPublicKey"
ROLE, ROLE_POLICY, ASSUMES = "SupportRole", "SupportRolePolicy", "VendorAssumes"
OWN_TAG = "ssm:resourceTag/aws:ssmmessages:session-id"
CONSOLE = "ec2-instance-connect:SendSerialConsoleSSHPublicKey"
PUSHES, LOGIN = "PushSshKeysForOneLogin", "ec2:osuser"
SSH_ARN = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:document/${SshDocument}"
TAG, CHECK, NOW = "ssm:resourceTag/deepsql:managed", "ssm:SessionDocumentAccessCheck", "aws:CurrentTime"
TARGET = "ssm:resourceTag/aws:ssmmessages:target-id"
ARN, REGION, VIA = "aws:PrincipalArn", "aws:RequestedRegion", "kms:ViaService"
CONTEXT, LOG_CONTEXT = "kms:EncryptionContext:SecretARN", "kms:EncryptionContext:aws:logs:arn"
ANYONE_IN_THE_ACCOUNT = {"AWS": "111122223333"}
LOG_SERVICE = "LogsEncryptTheSessionLog"


def at_home(service: str, rest: str) -> Tree:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"}


DEFAULT_DOCUMENT = at_home("ssm", "document/SSM-SessionManagerRunShell")


def drop_own_condition(logical_id: str) -> Change:
    return lambda template: template["Resources"][logical_id].pop("Condition")


def inline(*actions: str) -> Tree:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return [{"PolicyName": "more", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}]


def own(pattern: str) -> Tree:
    return at_home("ssm", f"session/${{!aws:username}}-{pattern}")


def db_user(name: str, resource: str = "${DatabaseResourceId}") -> Tree:
    return at_home("rds-db", f"dbuser:{resource}/{name}")


NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
LEVEL, MAY_USE, SIGN_IN = "SupportDatabaseLevel", "DatabaseAllowed", "rds-db:connect"
LEVEL_CHOSEN = {"Fn::Not": [{"Fn::Equals": [{"Ref": LEVEL}, "none"]}]}
LEVEL_ALONE = {"Fn::And": [{"Condition": "DatabaseGiven"}, LEVEL_CHOSEN]}
SUPPORTS, DATABASE_ARN = f"deepsql-support_${{{LEVEL}}}", at_home("ssm", "document/deepsql-database-${Instance}")
SHELL_ONLY = at_home("ssm", "document/${ShellDocument}")
LONGER_NAMES = "arn:aws:iam::444455556666:role/deepsql-support*"
LONGER_USERS = {"Fn::Sub": "${SupportUser.Arn}*"}
ANY_SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:*"
ANY_ACCOUNT = "arn:aws:secretsmanager:*:*:secret:*SupportCredentialsSecret-*"
TWO_SERVICES = ["ssm.us-east-1.amazonaws.com", "secretsmanager.us-east-1.amazonaws.com"]

SUPPORT = [
    Mutant("the instance's tag is not asked for", drop_condition(POLICY, START, TAG)),
    Mutant("the tag has another value", set_condition(POLICY, START, TAG, "True")),
    Mutant("the tag's case is ignored", rename_operator(POLICY, ON_INSTANCE, "StringEquals", "StringEqualsIgnoreCase")),
    Mutant("an untagged instance passes", rename_operator(POLICY, ON_INSTANCE, "StringEquals", "StringEqualsIfExists")),
    Mutant("any value that begins alike passes", set_condition(POLICY, START, TAG, ["true", "truer", ""])),
    Mutant("every tagged instance is in reach", set_resource(POLICY, ON_INSTANCE, at_home("ec2", "instance/*"))),
    Mutant(
        "the instance may be in any region",
        set_resource(POLICY, ON_INSTANCE, {"Fn::Sub": "arn:aws:ec2:*:${AWS::AccountId}:instance/${Instance}"}),
    ),
    Mutant(
        "the instance may be in any account",
        set_resource(POLICY, ON_INSTANCE, {"Fn::Sub": "arn:aws:ec2:${AWS::Region}:*:instance/${Instance}"}),
    ),
    Mutant("instance and documents are any", set_resource(POLICY, START, "*")),
    Mutant("every document may be used", set_resource(POLICY, WITH_DOCUMENTS, at_home("ssm", "document/*"))),
    Mutant(
        "a document of AWS may be used",
        add_resource(POLICY, WITH_DOCUMENTS, {"Fn::Sub": "arn:aws:ssm:${AWS::Region}::document/AWS-StartSSHSession"}),
    ),
    Mutant(
        "documents whose names begin alike may be used",
        add_resource(POLICY, WITH_DOCUMENTS, at_home("ssm", "document/${ShellDocument}*")),
    ),
    Mutant(
        "every document of the stack may be used",
        add_resource(POLICY, WITH_DOCUMENTS, at_home("ssm", "document/deepsql-*-${Instance}")),
    ),
    Mutant(
        "the customer's shell may be used",
        add_resource(POLICY, WITH_DOCUMENTS, at_home("ssm", "document/${CustomerShellDocument}")),
    ),
    Mutant("the tunnel may not be used", set_resource(POLICY, WITH_DOCUMENTS, SHELL_ONLY)),
    Mutant("documents are not checked on the instance", drop_condition(POLICY, ON_INSTANCE, CHECK)),
    Mutant("documents are not checked", drop_condition(POLICY, WITH_DOCUMENTS, CHECK)),
    Mutant("the check is asked for though it is not sent", rename_operator(POLICY, START, "BoolIfExists", "Bool")),
    Mutant("starting has no end", drop_condition(POLICY, ON_INSTANCE, NOW)),
    Mutant("documents have no end", drop_condition(POLICY, WITH_DOCUMENTS, NOW)),
    Mutant("data channels have no end", drop_condition(POLICY, "ssmmessages:OpenDataChannel", NOW)),
    Mutant("resuming has no end", drop_condition(POLICY, "ResumeOwnSessions", NOW)),
    Mutant("looking up has no end", drop_condition(POLICY, "ec2:DescribeInstances", NOW)),
    Mutant("the end itself still counts", rename_operator(POLICY, START, "DateLessThan", "DateLessThanEquals")),
    Mutant("the end is a beginning", rename_operator(POLICY, START, "DateLessThan", "DateGreaterThan")),
    Mutant("look-ups reach every region", drop_condition(POLICY, "ec2:DescribeInstances", REGION)),
    Mutant("every session may be resumed", set_resource(POLICY, "ResumeOwnSessions", at_home("ssm", "session/*"))),
    Mutant("every session may be ended", set_resource(POLICY, "EndOwnSessions", at_home("ssm", "session/*"))),
    Mutant(
        "sessions of users with longer names are own sessions",
        set_resource(POLICY, "ResumeOwnSessions", at_home("ssm", "session/${!aws:username}*")),
    ),
    Mutant("names that go on after a dash are own", set_resource(POLICY, "ResumeOwnSessions", own("*"))),
    Mutant("their sessions may be ended", set_resource(POLICY, "EndOwnSessions", own("*"))),
    Mutant("IDs of 25 characters are own", add_resource(POLICY, "EndOwnSessions", own("?" * 25))),
    Mutant("newer IDs are not own", set_resource(POLICY, "EndOwnSessions", own("?" * 17))),
    Mutant("older IDs are not own", set_resource(POLICY, "EndOwnSessions", own("?" * 26))),
    Mutant(
        "own sessions may be ended in any region",
        set_resource(POLICY, "EndOwnSessions", "arn:aws:ssm:*:*:session/${aws:username}-?????????????????"),
    ),
    Mutant("own sessions cannot be ended", drop_statement(POLICY, "EndOwnSessions")),
    Mutant("data channels reach every region", set_resource(POLICY, "ssmmessages:OpenDataChannel", "*")),
    Mutant("everybody's sessions are seen", add_action(POLICY, "ec2:DescribeInstances", "ssm:DescribeSessions")),
    Mutant("all of EC2 may be described", add_action(POLICY, "ec2:DescribeInstances", "ec2:Describe*")),
    Mutant("commands may be run", add_action(POLICY, ON_INSTANCE, "ssm:SendCommand")),
    Mutant("access keys may be made", add_statement(POLICY, "sts:GetSessionToken", "iam:*")),
    Mutant("session tokens may be had", drop_statement(POLICY, "sts:GetSessionToken")),
    Mutant("roles may be assumed", add_statement(POLICY, "sts:GetSessionToken", "sts:AssumeRole")),
]  # fmt: skip

DEFAULT_SHELL = [
    Mutant("the default shell is for everybody's support", add_resource(POLICY, WITH_DOCUMENTS, DEFAULT_DOCUMENT)),
    Mutant("the default shell has no end", drop_condition(MANAGED, CHOSEN, NOW)),
    Mutant("any document will do", set_resource(MANAGED, CHOSEN, at_home("ssm", "document/*"))),
    Mutant("support cannot start it though it may", drop_statement(MANAGED, CHOSEN)),
    Mutant("it comes with every option", add_resource(MANAGED, CHOSEN, DEFAULT_DOCUMENT)),
]  # fmt: skip

SSH = [
    Mutant("SSH is for everybody's support", unwrap(MANAGED, PUSHES)),
    Mutant("keys may be pushed for root", drop_condition(MANAGED, PUSHES, LOGIN)),
    Mutant("the login is always the same one", set_condition(MANAGED, PUSHES, LOGIN, "ec2-user")),
    Mutant("keys may go to untagged instances", drop_condition(MANAGED, PUSHES, "aws:ResourceTag/deepsql:managed")),
    Mutant("pushing has no end", drop_condition(MANAGED, PUSHES, NOW)),
    Mutant("keys may be pushed to every instance", set_resource(MANAGED, PUSHES, at_home("ec2", "instance/*"))),
    Mutant("the serial console takes keys", add_action(MANAGED, PUSHES, CONSOLE)),
    Mutant("the SSH document is for everybody's support", add_resource(POLICY, WITH_DOCUMENTS, {"Fn::Sub": SSH_ARN})),
    Mutant("the SSH document comes with every option", add_resource(MANAGED, CHOSEN, {"Fn::Sub": SSH_ARN})),
]  # fmt: skip

LIMITS = [
    Mutant("the user has no boundary", drop_property(USER, "PermissionsBoundary")),
    Mutant("the user has nothing but its default", drop_property(USER, "ManagedPolicyArns")),
    Mutant("the user has nothing but a boundary", set_property(INLINE, "PolicyDocument", NOTHING)),
    Mutant("the user may have session tokens once it is stripped", drop_statement(INLINE, "sts:GetSessionToken")),
    Mutant("the policy permits everything", add_action(POLICY, "ec2:DescribeInstances", "*")),
    Mutant("the policy permits IAM", add_action(POLICY, "ec2:DescribeInstances", "iam:*")),
    Mutant("the policy forbids the data channel", drop_statement(POLICY, "ssmmessages:OpenDataChannel")),
]

VENDOR = [
    Mutant("the whole vendor account reads the secret", drop_condition(SECRET, GET, ARN)),
    Mutant("roles with longer names read the secret", set_condition(SECRET, GET, ARN, LONGER_NAMES)),
    Mutant("anybody who names the vendor's role reads the secret", set_principal(SECRET, GET, {"AWS": "*"})),
    Mutant("reading has no end", drop_condition(SECRET, GET, NOW)),
    Mutant("the vendor may do anything with the secret", add_action(SECRET, GET, "secretsmanager:*")),
    Mutant("the vendor may open the secret to others", add_action(SECRET, GET, "secretsmanager:PutResourcePolicy")),
    Mutant("the secret's policy hangs on another secret", set_property(SECRET, "SecretId", "other")),
    Mutant("the whole vendor account decrypts", drop_condition(KEY, VENDOR_DECRYPTS, ARN)),
    Mutant("anybody who names the vendor's role decrypts", set_principal(KEY, VENDOR_DECRYPTS, {"AWS": "*"})),
    Mutant("the vendor decrypts by itself", drop_condition(KEY, VENDOR_DECRYPTS, VIA)),
    Mutant("the vendor decrypts through any service", set_condition(KEY, VENDOR_DECRYPTS, VIA, TWO_SERVICES)),
    Mutant("the vendor decrypts every secret of the key", drop_condition(KEY, VENDOR_DECRYPTS, CONTEXT)),
    Mutant("the pattern of the secret is any", set_condition(KEY, VENDOR_DECRYPTS, CONTEXT, ANY_SECRET)),
    Mutant("the pattern of the secret is for any account", set_condition(KEY, VENDOR_DECRYPTS, CONTEXT, ANY_ACCOUNT)),
    Mutant("decrypting has no end", drop_condition(KEY, VENDOR_DECRYPTS, NOW)),
    Mutant("the vendor may use the key for anything", add_action(KEY, VENDOR_DECRYPTS, "kms:*")),
    Mutant("the vendor may make data keys", add_action(KEY, VENDOR_DECRYPTS, "kms:GenerateDataKey")),
    Mutant("the vendor decrypts nothing", drop_statement(KEY, VENDOR_DECRYPTS)),
    Mutant("the vendor decrypts without a grant", unwrap(KEY, VENDOR_DECRYPTS)),
    Mutant("nobody encrypts the log", drop_statement(KEY, LOG_SERVICE)),
    Mutant("the log service uses the key for any log group", drop_condition(KEY, LOG_SERVICE, LOG_CONTEXT)),
    Mutant(
        "the log service uses the key for every stack's session log",
        set_condition(KEY, LOG_SERVICE, LOG_CONTEXT, at_home("logs", "log-group:*SessionLogGroup-*")),
    ),
    Mutant("the log service may grant the key away", add_action(KEY, LOG_SERVICE, "kms:CreateGrant")),
    Mutant("nobody administers the key", drop_statement(KEY, "AccountAdministersTheKey")),
]  # fmt: skip

ROLES = [
    Mutant("the instance reads every secret", set_resource(INSTANCE, GET, "*")),
    Mutant("the instance reads the support secret", add_resource(INSTANCE, GET, {"Ref": "SupportCredentialsSecret"})),
    Mutant("the instance reads every parameter", set_resource(INSTANCE, "ssm:GetParameter", "*")),
    Mutant("the agent reads parameters", add_action(AGENT, "ssm:UpdateInstanceInformation", "ssm:GetParameters")),
    Mutant("the agent registers in every region", drop_condition(AGENT, "ssm:UpdateInstanceInformation", REGION)),
    Mutant("the agent reads every document", set_resource(AGENT, "ssm:GetDocument", "*")),
    Mutant(
        "the agent reads the account's documents", set_resource(AGENT, "ssm:GetDocument", at_home("ssm", "document/*"))
    ),
    Mutant("the agent lists documents", add_action(AGENT, "ssm:UpdateInstanceInformation", "ssm:ListDocuments")),
    Mutant("the instance writes every log", set_resource(AGENT, "logs:PutLogEvents", "*")),
    Mutant("the instance deletes transcripts", add_action(AGENT, "logs:PutLogEvents", "logs:Delete*")),
    Mutant("the instance decrypts by itself", drop_condition(INSTANCE, DECRYPT, VIA)),
    Mutant("the instance decrypts with every key", set_resource(INSTANCE, DECRYPT, "*")),
    Mutant("the instance signals every stack", set_resource(INSTANCE, "cloudformation:SignalResource", "*")),
    Mutant("the instance cannot write its log", drop_statement(AGENT, "logs:PutLogEvents")),
    Mutant("the instance cannot encrypt its log", drop_statement(AGENT, "EncryptTheSessionLog")),
    Mutant("the instance encrypts by itself", drop_condition(AGENT, "EncryptTheSessionLog", VIA)),
    Mutant("the instance encrypts every log", drop_condition(AGENT, "EncryptTheSessionLog", LOG_CONTEXT)),
    Mutant("the instance encrypts with every key", set_resource(AGENT, "EncryptTheSessionLog", "*")),
    Mutant("the account may become the instance", set_principal(INSTANCE, "sts:AssumeRole", ANYONE_IN_THE_ACCOUNT)),
    Mutant("the account may become the bastion", set_principal(BASTION, "sts:AssumeRole", ANYONE_IN_THE_ACCOUNT)),
    Mutant("the bastion reads secrets", set_property(BASTION, "Policies", inline(GET, "kms:Decrypt"))),
    Mutant("the bastion carries no sessions", drop_property(BASTION, "ManagedPolicyArns")),
    Mutant("the account may become the keeper", set_principal(KEEPER, "sts:AssumeRole", ANYONE_IN_THE_ACCOUNT)),
    Mutant("the keeper makes keys of every user", set_resource(KEEPING, "iam:CreateAccessKey", "*")),
    Mutant("the keeper makes keys for longer names", set_resource(KEEPING, "iam:CreateAccessKey", LONGER_USERS)),
    Mutant("the keeper reads every secret", set_resource(KEEPING, GET, "*")),
    Mutant("the keeper shares the secret", add_action(KEEPING, GET, "secretsmanager:PutResourcePolicy")),
    Mutant("the keeper decrypts by itself", drop_condition(KEEPING, DECRYPT, VIA)),
    Mutant("the keeper uses every key", set_resource(KEEPING, DECRYPT, "*")),
    Mutant("the keeper passes roles on", add_statement(KEEPING, GET, "iam:PassRole")),
    Mutant("the keeper writes user policies", add_action(KEEPING, "iam:CreateAccessKey", "iam:PutUserPolicy")),
    Mutant("the keeper reads every parameter", set_resource(KEEPER, "ssm:GetParameter", "*")),
    Mutant("the keeper looks at every stack", set_resource(KEEPER, "cloudformation:DescribeStackResource", "*")),
    Mutant("the keeper writes every log", set_resource(KEEPER, "logs:PutLogEvents", "*")),
    Mutant("the keeper is called for any secret", drop_property("KeeperRotationPermission", "SourceArn")),
    Mutant("the keeper is called for any account", drop_property("KeeperRotationPermission", "SourceAccount")),
    Mutant("the keeper is called by any rule", drop_property("AccessEndPermission", "SourceArn")),
    Mutant("the keeper ends sessions anywhere", drop_condition("AccessEndPolicy", "ssm:TerminateSession", TARGET)),
    Mutant("the keeper lists sessions anywhere", drop_condition("AccessEndPolicy", "ssm:DescribeSessions", REGION)),
    Mutant("the keeper may end sessions always", drop_own_condition("AccessEndPolicy")),
]  # fmt: skip

SUPPORT_ROLE = [
    Mutant("the role asks for no external id", drop_condition(ROLE, ASSUMES, "sts:ExternalId")),
    Mutant("every role of the vendor's account may become it", drop_condition(ROLE, ASSUMES, ARN)),
    Mutant("becoming it has no end", drop_operator(ROLE, ASSUMES, "DateLessThan")),
    Mutant("a pause does not close it", drop_operator(ROLE, ASSUMES, "DateGreaterThanEquals")),
    Mutant("the vendor tags its sessions", add_action(ROLE, ASSUMES, "sts:TagSession")),
    Mutant("whoever comes may become it", set_principal(ROLE, ASSUMES, {"AWS": "*"})),
    Mutant("the role has no boundary", drop_property(ROLE, "PermissionsBoundary")),
    Mutant("the role may not even have what users have", drop_statement(MANAGED, "OpenTheDataChannel")),
    Mutant("the role has nothing but a boundary", drop_property(ROLE, "ManagedPolicyArns")),
    Mutant("the role ends everybody's sessions", drop_condition(MANAGED, "EndOwnSessionsAsRole", OWN_TAG)),
    Mutant("the role resumes everybody's sessions", drop_condition(MANAGED, "ResumeOwnSessionsAsRole", OWN_TAG)),
    Mutant("the role's own sessions are a pattern's", set_condition(MANAGED, "EndOwnSessionsAsRole", OWN_TAG, "AROA*")),
    Mutant("the role cannot end its own sessions", drop_statement(MANAGED, "EndOwnSessionsAsRole")),
    Mutant("the role resumes sessions after the end", drop_condition(MANAGED, "ResumeOwnSessionsAsRole", NOW)),
    Mutant("older sessions go on after a cut", drop_statement(ROLE_POLICY, "NoOlderSessions")),
    Mutant("what was made of the user's key goes on after a cut", drop_statement(MANAGED, "NoOlderSessions")),
    Mutant("the key is refused after a cut", drop_condition(MANAGED, "NoOlderSessions", "aws:TokenIssueTime")),
    Mutant("newer sessions end with a cut", drop_condition(ROLE_POLICY, "NoOlderSessions", "aws:TokenIssueTime")),
]  # fmt: skip

DATABASE = [
    Mutant("support signs in with every access level", set_resource(MANAGED, SIGN_IN, db_user("deepsql-support_*"))),
    Mutant("support signs in as anybody", set_resource(MANAGED, SIGN_IN, db_user("*"))),
    Mutant("support signs in to any database", set_resource(MANAGED, SIGN_IN, db_user(SUPPORTS, "*"))),
    Mutant("support signs in as users whose names go on", add_resource(MANAGED, SIGN_IN, db_user(f"{SUPPORTS}*"))),
    Mutant("signing in has no end", drop_condition(MANAGED, SIGN_IN, NOW)),
    Mutant("signing in hangs on nothing", unwrap(MANAGED, SIGN_IN)),
    Mutant("support cannot sign in", drop_statement(MANAGED, SIGN_IN)),
    Mutant("support looks databases up", add_statement(MANAGED, SIGN_IN, "rds:DescribeDBClusters")),
    Mutant("the database's document is for everybody's support", add_resource(POLICY, WITH_DOCUMENTS, DATABASE_ARN)),
    Mutant("no access level is asked for", redefine(MAY_USE, {"Condition": "DatabaseGiven"})),
    Mutant("a database without an id is enough", redefine(MAY_USE, LEVEL_ALONE)),
]  # fmt: skip

MUTANTS = [*SUPPORT, *DATABASE, *SSH, *DEFAULT_SHELL, *LIMITS, *VENDOR, *ROLES, *SUPPORT_ROLE]
