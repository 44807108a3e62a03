"""The three policies that let a vendor's account read the support secret; all three are needed.

Principals are whole accounts plus `aws:PrincipalArn`: a role ARN as principal turns into a dead ID when its
owner recreates the role (IAM user guide, "Principal").
"""

from __future__ import annotations

from typing import cast

import awacs.kms as kms
import awacs.secretsmanager as secretsmanager
import awacs.sts as sts
from awacs.aws import ArnLike, AWSPrincipal, Statement, StringEquals, StringLike

from generator.policies.document import Document, Value, allow, before, document, plain


def vendor_reads_the_secret(accounts: Value, principals: Value, until: Value) -> Statement:
    """For the secret's own policy, in which `*` means this secret."""
    return allow(
        "VendorReadsTheSecret",
        [secretsmanager.GetSecretValue],
        "*",
        ArnLike("aws:PrincipalArn", principals),
        *before(until),
        principal=AWSPrincipal(accounts),
    )


def vendor_decrypts_via_secrets_manager(
    accounts: Value, principals: Value, until: Value, *, service: Value, secret_arns: Value
) -> Statement:
    """For the key's policy: decrypting, only through Secrets Manager (`service`) and only for the support secret."""
    return allow(
        "VendorDecryptViaSecretsManager",
        [kms.Decrypt],
        "*",
        StringEquals("kms:ViaService", service),
        ArnLike("aws:PrincipalArn", principals),
        StringLike("kms:EncryptionContext:SecretARN", secret_arns),
        *before(until),
        principal=AWSPrincipal(accounts),
    )


def secret_policy(accounts: Value, principals: Value, until: Value) -> Document:
    """The resource policy of the support secret."""
    return document([vendor_reads_the_secret(accounts, principals, until)])


def vendor_role_policy(role_arn: str) -> Document:
    """What the vendor attaches to its own role or user to assume the customer's support role, ready for JSON."""
    return cast(
        Document,
        plain(document([allow("BecomeTheSupportRole", [sts.AssumeRole, sts.SetSourceIdentity], role_arn)])),
    )


def vendor_identity_policy(secret_arn: str, key_arn: str) -> Document:
    """What the vendor attaches to its own role, ready for JSON: the third of the three policies."""
    return cast(
        Document,
        plain(
            document(
                [
                    allow("ReadTheSupportSecret", [secretsmanager.GetSecretValue], secret_arn),
                    allow("DecryptTheSupportSecret", [kms.Decrypt], key_arn),
                ]
            )
        ),
    )
