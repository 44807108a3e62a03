"""Conditions of a stack, and the parts of policies that depend on when access ends."""

from __future__ import annotations

from troposphere import And, Condition, Equals, If, Join, Not, Or, Ref, Template

from generator.model.contract import NO_END, NO_LEVEL, Resource
from generator.model.contract import Condition as C
from generator.model.contract import Parameter as P
from generator.template.parts import ref, unless, when

EPOCH = "1970-01-01T00:00:00Z"


def _empty(name: P) -> Equals:
    return Equals(Ref(str(name)), "")


def _given(name: P) -> Not:
    return Not(_empty(name))


def _list_empty(name: P) -> Equals:
    """Whether a list parameter has no value: an empty list arrives as one empty string."""
    return Equals(Join("", Ref(str(name))), "")


def _not_only_via(route: str) -> Not:
    return Not(Equals(Ref(str(P.SUPPORT_ACCESS_VIA)), route))


def add_conditions(template: Template) -> None:
    """Add every condition."""
    conditions = {
        C.WANT_SUPPORT_USER: Equals(Ref(str(P.CREATE_SUPPORT_USER)), "Yes"),
        C.NO_IMAGE_ID: _empty(P.IMAGE_ID),
        C.NO_PASSWORD: _empty(P.ADMIN_PASSWORD),
        C.NO_USER_NAME: _empty(P.SUPPORT_USER_NAME),
        C.WANT_SUPPORT_ROLE: Equals(Ref(str(P.CREATE_SUPPORT_ROLE)), "Yes"),
        C.WANT_SUPPORT: Or(Condition(str(C.WANT_SUPPORT_USER)), Condition(str(C.WANT_SUPPORT_ROLE))),
        C.NO_ROLE_NAME: _empty(P.SUPPORT_ROLE_NAME),
        C.NO_EXTERNAL_ID: _empty(P.SUPPORT_ROLE_EXTERNAL_ID),
        C.VENDOR_GIVEN: Not(Or(_list_empty(P.VENDOR_ACCOUNTS), _list_empty(P.VENDOR_PRINCIPALS))),
        C.WANT_VENDOR_READ: And(
            Condition(str(C.WANT_SUPPORT_USER)), Condition(str(C.VENDOR_GIVEN)), _not_only_via("role")
        ),
        C.WANT_VENDOR_ROLE: And(Condition(str(C.VENDOR_GIVEN)), _not_only_via("secret")),
        C.NOTHING_CUT: _empty(P.SUPPORT_SESSIONS_NOT_BEFORE),
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
        C.SSH_ALLOWED: Equals(Ref(str(P.SUPPORT_SSH)), "Yes"),
        C.DEFAULT_SHELL_ALLOWED: Equals(Ref(str(P.SUPPORT_DEFAULT_SHELL)), "Yes"),
        C.NO_LOG_GROUP: _empty(P.LOG_GROUP),
        C.DATABASE_GIVEN: _given(P.DATABASE_ENDPOINT),
        C.DATABASE_GROUP_GIVEN: _given(P.DATABASE_SECURITY_GROUP_ID),
        C.DATABASE_ALLOWED: And(
            Condition(str(C.DATABASE_GIVEN)),
            _given(P.DATABASE_RESOURCE_ID),
            Not(Equals(Ref(str(P.SUPPORT_DATABASE_LEVEL)), NO_LEVEL)),
        ),
        C.SUPPORT_HAS_OPTIONS: Or(
            *(Condition(str(option)) for option in (C.SSH_ALLOWED, C.DEFAULT_SHELL_ALLOWED, C.DATABASE_ALLOWED))
        ),
    }
    for name, condition in conditions.items():
        template.add_condition(str(name), condition)


def session_log() -> If:
    """The log group of shells: the customer's own where one is given, else the stack's."""
    return when(C.NO_LOG_GROUP, ref(Resource.SESSION_LOG_GROUP), ref(P.LOG_GROUP))


def expiry() -> Ref:
    """The date that ends access, far away where the customer chose no end."""
    return ref(P.SUPPORT_ACCESS_UNTIL)


def sessions_valid_from() -> If:
    """The time from which on the role's sessions are valid: without a cut-off, a time before any session began."""
    return when(C.NOTHING_CUT, EPOCH, ref(P.SUPPORT_SESSIONS_NOT_BEFORE))


def role_assumable_from() -> If:
    """The operand of `DateGreaterThanEquals` on assuming the role: the cut-off where there is one, else no operator."""
    return unless(C.NOTHING_CUT, {"aws:CurrentTime": ref(P.SUPPORT_SESSIONS_NOT_BEFORE)})
