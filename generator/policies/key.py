"""The policy of the stack's customer managed key. In a key's policy `*` means this key."""

from __future__ import annotations

import awacs.kms as kms
from awacs.aws import Action, ArnLike, AWSPrincipal, Principal, Statement

from generator.policies.document import Value, allow


def account_administers_the_key(account_root: Value) -> Statement:
    """Without it nobody could change the key's policy again; the account's IAM policies decide the rest."""
    return allow("AccountAdministersTheKey", [Action("kms", "*")], "*", principal=AWSPrincipal(account_root))


def logs_encrypt_the_session_log(service: Value, log_groups: Value) -> Statement:
    """CloudWatch Logs may use the key for the session log group and for no other (`log_groups`: an ARN pattern).

    The actions are those of its user guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
    """
    return allow(
        "LogsEncryptTheSessionLog",
        [kms.Encrypt, kms.Decrypt, Action("kms", "ReEncrypt*"), Action("kms", "GenerateDataKey*"), kms.DescribeKey],
        "*",
        ArnLike("kms:EncryptionContext:aws:logs:arn", log_groups),
        principal=Principal("Service", service),
    )
