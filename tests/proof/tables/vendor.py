"""Who may read the support secret from another account: the secret's own policy and the key's.

By their own policies everybody outside may do everything: only the stack's policies stand in their way.
"""

from __future__ import annotations

from tests.proof.people import Context
from tests.proof.world import AFTER, END, Row, at, may, may_not, table

GET, DECRYPT = "secretsmanager:GetSecretValue", "kms:Decrypt"
SECRET, KEY = "<SupportCredentialsSecret>", "<StackKey>"
SECRET_OF_OFF = "<secretsmanager>:secret:SupportCredentialsSecret-1A2B3C4D5E6F7-AbCdEf"
SECRET_OF_A_STRANGER = "arn:aws:secretsmanager:us-east-1:777788889999:secret:<SupportCredentialsSecret.name>-AbCdEf"
WHOLE_ACCOUNT = "granted to the whole vendor account"
ELSEWHERE = "secretsmanager.eu-west-1.amazonaws.com"
FOR_THE_LOG: Context = {"kms:EncryptionContext:aws:logs:arn": "<SessionLogGroup>"}
FOR_ANOTHER_LOG: Context = {"kms:EncryptionContext:aws:logs:arn": "<logs>:log-group:other"}
FOR_ANOTHER_STACKS_LOG: Context = {"kms:EncryptionContext:aws:logs:arn": "<logs>:log-group:other-SessionLogGroup-1A2B"}
LAST_SECOND = at("2026-11-30T23:59:59Z")
YEARS_LATER = at("2031-01-01T00:00:00Z")


def through(service: str | None) -> Context:
    """The service in whose name KMS is called; None for a direct call."""
    return {"kms:ViaService": service}


def encrypted_for(arn: str | None) -> Context:
    return {"kms:EncryptionContext:SecretARN": arn}


def reading(row: Row) -> Row:
    """Reading an encrypted secret asks Secrets Manager for the value and KMS for the key."""
    return Row(row.expect, row.says, ((GET, SECRET), (DECRYPT, KEY)), row.context, row.stack)


READING = [
    *table(
        "reading the secret",
        "vendor",
        reading(may("read it", GET)),
        reading(may("read it a second before the end", GET, given=LAST_SECOND)),
        reading(may("read it years later where no end is set", GET, given=YEARS_LATER, stack="endless")),
        reading(may("read it on an upgraded stack", GET, stack="published and granted")),
        reading(may_not("read it after the end", GET, given=at(AFTER))),
        reading(may_not("read it where nothing was granted", GET, stack="ungranted")),
        reading(may_not("read it on an upgraded stack where nothing was granted", GET, stack="published")),
    ),
    *table(
        "reading the secret",
        "neighbour in the vendor's account",
        reading(may("read it where the whole account was let in", GET, stack=WHOLE_ACCOUNT)),
    ),
    *table(
        "reading the secret",
        "stranger with the vendor's role name",
        may_not("get the value where the vendor's whole account was let in", GET, SECRET, stack=WHOLE_ACCOUNT),
        may_not("decrypt it where the vendor's whole account was let in", DECRYPT, KEY, stack=WHOLE_ACCOUNT),
    ),
    *table(
        "reading the secret",
        "vendor with the policy handed out",
        reading(may("read it", GET)),
        may_not("read another secret", GET, "<AdminSecret>"),
        may_not("use the key otherwise", "kms:CreateGrant", KEY),
    ),
    *table(
        "reading the secret",
        "vendor without a policy of its own",
        may_not("get the value", GET, SECRET),
        may_not("decrypt it", DECRYPT, KEY),
    ),
    *table(
        "reading the secret",
        "customer's administrator",
        reading(may("read it in the customer's own account", GET)),
    ),
    *table(
        "reading the secret",
        "customer's nobody",
        reading(may_not("read it without any permission", GET)),
    ),
]

SECRET_POLICY = [
    *table(
        "secret policy",
        "vendor",
        may("read the value", GET, SECRET),
        may_not("read the value at the end", GET, SECRET, given=at(END)),
        may_not("read the value years after the end", GET, SECRET, given=YEARS_LATER),
        may_not("read the admin password", GET, "<AdminSecret>"),
        may_not("write the value", "secretsmanager:PutSecretValue", SECRET),
        may_not("describe the secret", "secretsmanager:DescribeSecret", SECRET),
        may_not("rotate the secret", "secretsmanager:RotateSecret", SECRET),
        may_not("delete the secret", "secretsmanager:DeleteSecret", SECRET),
        may_not("open the secret to others", "secretsmanager:PutResourcePolicy", SECRET),
        may_not("read the secret's policy", "secretsmanager:GetResourcePolicy", SECRET),
        may_not("copy the secret", "secretsmanager:ReplicateSecretToRegions", SECRET),
        may_not("become the instance's role", "sts:AssumeRole", "<InstanceRole>"),
        may_not("call the keeper", "lambda:InvokeFunction", "<KeeperFunction>"),
        may_not("start a session with its own identity", "ssm:StartSession", "<Instance>"),
    ),
    *table("secret policy", "neighbour in the vendor's account", may_not("read the value", GET, SECRET)),
    *table("secret policy", "vendor's root", may_not("read the value", GET, SECRET)),
    *table("secret policy", "stranger with the vendor's role name", may_not("read the value", GET, SECRET)),
    *table("secret policy", "stranger who calls himself the vendor", may_not("read the value", GET, SECRET)),
    *table("secret policy", "customer's nobody", may_not("read the value", GET, SECRET)),
]  # fmt: skip

KEY_POLICY = [
    *table(
        "key policy",
        "vendor",
        may("decrypt through Secrets Manager", DECRYPT, KEY),
        may("decrypt through Secrets Manager for an upgraded stack", DECRYPT, KEY, stack="published and granted"),
        may_not("decrypt by itself", DECRYPT, KEY, given=through(None)),
        may_not("decrypt through another service", DECRYPT, KEY, given=through("ssm.us-east-1.amazonaws.com")),
        may_not("decrypt for another region", DECRYPT, KEY, given=through(ELSEWHERE)),
        may_not("decrypt the admin password", DECRYPT, KEY, given=encrypted_for("<AdminSecret>")),
        may_not("decrypt another secret", DECRYPT, KEY, given=encrypted_for("<secretsmanager>:secret:Other-AbCdEf")),
        may_not("decrypt another account's secret", DECRYPT, KEY,
                given=encrypted_for(SECRET_OF_A_STRANGER)),
        may_not("decrypt what carries no encryption context", DECRYPT, KEY, given=encrypted_for(None)),
        may_not("decrypt the session log", DECRYPT, KEY, given=encrypted_for(None) | FOR_THE_LOG),
        may_not("decrypt at the end", DECRYPT, KEY, given=at(END)),
        may_not("decrypt years after the end", DECRYPT, KEY, given=YEARS_LATER),
        may_not("decrypt where nothing was granted", DECRYPT, KEY, stack="ungranted"),
        may_not("decrypt where support is switched off", DECRYPT, KEY, given=encrypted_for(SECRET_OF_OFF), stack="off"),
        may_not("decrypt where only an account was given", DECRYPT, KEY, stack="account without principals"),
        may_not("encrypt", "kms:Encrypt", KEY),
        may_not("make data keys", "kms:GenerateDataKey", KEY),
        may_not("describe the key", "kms:DescribeKey", KEY),
        may_not("rewrite the key's policy", "kms:PutKeyPolicy", KEY),
        may_not("grant the key away", "kms:CreateGrant", KEY),
        may_not("have the key deleted", "kms:ScheduleKeyDeletion", KEY),
    ),
    *table("key policy", "neighbour in the vendor's account", may_not("decrypt", DECRYPT, KEY)),
    *table("key policy", "vendor's root", may_not("decrypt", DECRYPT, KEY)),
    *table("key policy", "stranger with the vendor's role name", may_not("decrypt", DECRYPT, KEY)),
    *table("key policy", "stranger who calls himself the vendor", may_not("decrypt", DECRYPT, KEY)),
    *table("key policy", "customer's nobody", may_not("decrypt", DECRYPT, KEY)),
    *table(
        "key policy",
        "customer's administrator",
        may("administer the key", "kms:PutKeyPolicy", KEY),
        may("decrypt the session log", DECRYPT, KEY, given=through("logs.us-east-1.amazonaws.com")),
    ),
    *table(
        "key policy",
        "CloudWatch Logs",
        may("encrypt the session log", "kms:GenerateDataKey", KEY, given=FOR_THE_LOG),
        may("decrypt the session log", DECRYPT, KEY, given=FOR_THE_LOG),
        may_not("decrypt another log group", DECRYPT, KEY, given=FOR_ANOTHER_LOG),
        may_not("encrypt another stack's session log", "kms:GenerateDataKey", KEY, given=FOR_ANOTHER_STACKS_LOG),
        may_not("decrypt what is no log", DECRYPT, KEY),
        may_not("grant the key away", "kms:CreateGrant", KEY, given=FOR_THE_LOG),
    ),
    *table(
        "key policy",
        "CloudWatch Logs elsewhere",
        may_not("decrypt the session log", DECRYPT, KEY, given=FOR_THE_LOG),
    ),
]  # fmt: skip

ROWS: list[Row] = [*READING, *SECRET_POLICY, *KEY_POLICY]
