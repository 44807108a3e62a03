"""Conditions of a stack, and the parts of policies that depend on when access ends."""

from __future__ import annotations

from troposphere import And, Condition, Equals, If, Join, Not, Or, Ref, Template

from generator.model.contract import NO_END, NO_LEVEL
from generator.model.contract import Condition as C
from generator.model.contract import Parameter as P
from generator.template.parts import ref, when

EPOCH = "1970-01-01T00:00:00Z"


def _given(name: P) -> Not:
    return Not(Equals(Ref(str(name)), ""))


def _any_given(name: P) -> Not:
    """Whether a list parameter has a value: an empty list arrives as one empty string."""
    return Not(Equals(Join("", Ref(str(name))), ""))


def _not_only_via(route: str) -> Not:
    return Not(Equals(Ref(str(P.SUPPORT_ACCESS_VIA)), route))


def add_conditions(template: Template) -> None:
    """Add every condition."""
    conditions = {
        C.WANT_SUPPORT_USER: Equals(Ref(str(P.CREATE_SUPPORT_USER)), "Yes"),
        C.IMAGE_ID_GIVEN: _given(P.IMAGE_ID),
        C.ADMIN_PASSWORD_GIVEN: _given(P.ADMIN_PASSWORD),
        C.USER_NAME_GIVEN: _given(P.SUPPORT_USER_NAME),
        C.WANT_SUPPORT_ROLE: Equals(Ref(str(P.CREATE_SUPPORT_ROLE)), "Yes"),
        C.WANT_SUPPORT: Or(Condition(str(C.WANT_SUPPORT_USER)), Condition(str(C.WANT_SUPPORT_ROLE))),
        C.ROLE_NAME_GIVEN: _given(P.SUPPORT_ROLE_NAME),
        C.EXTERNAL_ID_GIVEN: _given(P.SUPPORT_ROLE_EXTERNAL_ID),
        C.VENDOR_GIVEN: And(_any_given(P.VENDOR_ACCOUNTS), _any_given(P.VENDOR_PRINCIPALS)),
        C.WANT_VENDOR_READ: And(
            Condition(str(C.WANT_SUPPORT_USER)), Condition(str(C.VENDOR_GIVEN)), _not_only_via("role")
        ),
        C.WANT_VENDOR_ROLE: And(Condition(str(C.VENDOR_GIVEN)), _not_only_via("secret")),
        C.SESSIONS_CUT: _given(P.SUPPORT_SESSIONS_NOT_BEFORE),
        C.SESSIONS_END: And(
            Condition(str(C.WANT_SUPPORT)),
            Condition(str(C.VENDOR_GIVEN)),
            Not(Equals(Ref(str(P.SUPPORT_ACCESS_UNTIL)), NO_END)),
        ),
        C.WANT_CLUSTER_ACCESS: And(
            _given(P.EKS_CLUSTER_NAME), _given(P.EKS_ACCESS_POLICY), Condition(str(C.VENDOR_GIVEN))
        ),
        C.WANT_BASTION_HOST: Equals(Ref(str(P.DEPLOY_BASTION_HOST)), "Yes"),
        C.WANT_BASTION_GROUP: Or(Condition(str(C.WANT_BASTION_HOST)), Equals(Ref(str(P.RECOVERY_BASTION)), "Yes")),
        C.SUPPORT_MAY_USE_SSH: Equals(Ref(str(P.SUPPORT_SSH)), "Yes"),
        C.SUPPORT_MAY_USE_DEFAULT_SHELL: Equals(Ref(str(P.SUPPORT_DEFAULT_SHELL)), "Yes"),
        C.DATABASE_GIVEN: _given(P.DATABASE_ENDPOINT),
        C.DATABASE_GROUP_GIVEN: _given(P.DATABASE_SECURITY_GROUP_ID),
        C.SUPPORT_MAY_USE_DATABASE: And(
            Condition(str(C.DATABASE_GIVEN)),
            _given(P.DATABASE_RESOURCE_ID),
            Not(Equals(Ref(str(P.SUPPORT_DATABASE_LEVEL)), NO_LEVEL)),
        ),
        C.SUPPORT_HAS_OPTIONS: Or(
            *(
                Condition(str(option))
                for option in (C.SUPPORT_MAY_USE_SSH, C.SUPPORT_MAY_USE_DEFAULT_SHELL, C.SUPPORT_MAY_USE_DATABASE)
            )
        ),
    }
    for name, condition in conditions.items():
        template.add_condition(str(name), condition)


def expiry() -> Ref:
    """The date that ends access, far away where the customer chose no end."""
    return ref(P.SUPPORT_ACCESS_UNTIL)


def sessions_valid_from() -> If:
    """The time from which on the role's sessions are valid: without a cut-off, a time before any session began."""
    return when(C.SESSIONS_CUT, ref(P.SUPPORT_SESSIONS_NOT_BEFORE), EPOCH)


def role_assumable_from() -> If:
    """The operand of `DateGreaterThanEquals` on assuming the role: the cut-off where there is one, else no operator."""
    return when(C.SESSIONS_CUT, {"aws:CurrentTime": ref(P.SUPPORT_SESSIONS_NOT_BEFORE)})
