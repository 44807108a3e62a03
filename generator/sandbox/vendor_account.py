"""The second account: a vendor with a support role that may read secrets of other accounts, and another team's role.

Both can be assumed by their own account and have the same permissions on their side: whether one of them has access
depends on the policies of the customer's account alone.
"""

from __future__ import annotations

import json
from contextlib import suppress

from ministack.core import responses
from ministack.services import iam

from generator.model.arn import Arn
from generator.sandbox.asgi import Sandbox, Store
from generator.sandbox.service_api import call
from generator.sandbox.state import STRANGER_ROLE, VENDOR_ACCOUNT, VENDOR_ROLE

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": str(Arn("aws", "iam", "", VENDOR_ACCOUNT, "root"))},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        }
    ],
}
IDENTITY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ReadSecretsSharedByCustomers",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "kms:Decrypt", "sts:AssumeRole", "sts:SetSourceIdentity"],
            "Resource": "*",
        }
    ],
}


def install(sandbox: Sandbox) -> None:
    """Create the roles when the sandbox starts, and again after a reset."""

    async def add_roles() -> None:
        make_roles()

    sandbox.startup.append(add_roles)
    sandbox.stores["vendor_account"] = Store(dump=lambda: None, load=lambda _: make_roles())


def make_roles() -> None:
    """Create the roles that the vendor's account lacks; others are not changed."""
    policy = {"PolicyName": "read-shared-secrets", "PolicyDocument": json.dumps(IDENTITY)}
    with responses.request_scope(VENDOR_ACCOUNT, responses.get_region()):
        for name in (VENDOR_ROLE, STRANGER_ROLE):
            with suppress(ValueError):  # the role exists
                call(iam, "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(TRUST)})
                call(iam, "PutRolePolicy", {"RoleName": name, **policy})
