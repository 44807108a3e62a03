"""What the trust policy of the support role says for a grant, before CloudFormation has written it. Pure."""

from __future__ import annotations

from typing import cast

from generator.model.contract import NO_END, Parameter
from generator.model.grant import Grant
from generator.operations.access.stack_access import StackAccess
from generator.policies.document import Document, plain
from generator.policies.trust import vendor_assumes


def trust_statement(grant: Grant, access: StackAccess) -> Document:
    """The statement that the template puts into the support role's trust policy for a grant; {} for none. Pure."""
    if not (access.support_role and grant.principals and grant.allows_path("role")):
        return {}
    patterns = [principal.pattern for principal in grant.principals]
    from_then = access.stack.parameters.get(Parameter.SUPPORT_SESSIONS_NOT_BEFORE, "")
    until = grant.until_text or NO_END
    not_before = {"aws:CurrentTime": from_then}
    made = plain(vendor_assumes(list(grant.accounts), patterns, access.external_id, until, not_before))
    statement = cast(Document, made)
    if not from_then:
        cast(Document, statement["Condition"]).pop("DateGreaterThanEquals")
    return statement
