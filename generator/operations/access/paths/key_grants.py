"""Grants on the stack's key: they permit in addition to its policy, which does not show them."""

from __future__ import annotations

from generator.gateway.aws import Gateway
from generator.model.access import KeyGrant
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.policy import PolicyPrincipal, PrincipalType
from generator.operations.access.outsiders import is_outside
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess


def grants(gateway: Gateway, access: StackAccess) -> PathReading:
    """The grants to anybody but the account's own principals and AWS's services."""
    asked, key = "kms:ListGrants", access.key_arn
    if not key:
        return absent(asked, "the stack has no key of its own")

    def path(grant: KeyGrant) -> AccessPath:
        remove = gateway.commands.aws("kms", "revoke-grant", "--key-id", key, "--grant-id", grant.grant_id)
        detail = f"to {grant.grantee or 'somebody whom AWS does not name'}: {', '.join(grant.operations)}"
        return AccessPath(
            PathKind.KEY_GRANT, grant.grant_id, grant.grantee, asked, remove, grant.created, detail=detail
        )

    return read(asked, lambda: tuple(path(g) for g in gateway.kms.list_grants(key) if _opens(g, access)))


def _opens(grant: KeyGrant, access: StackAccess) -> bool:
    """A grantee is an ARN, or the name of a service."""
    is_arn = grant.grantee.startswith("arn:")
    return is_outside(PolicyPrincipal(PrincipalType.AWS if is_arn else PrincipalType.SERVICE, grant.grantee), access)
