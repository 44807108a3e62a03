"""The end of access, as the policies want it."""

from __future__ import annotations

from troposphere import If

from generator.model.contract import Condition, Parameter
from generator.template.parts import ref, when


def sessions_count() -> If:
    """The operand of `DateGreaterThanEquals`: from when on the role may be assumed, where that is cut."""
    return when(Condition.SESSIONS_CUT, {"aws:CurrentTime": ref(Parameter.SUPPORT_SESSIONS_NOT_BEFORE)})


def access_ends() -> If:
    """The operand of `DateLessThan`: the date where one is given, else no operator at all."""
    return when(Condition.ACCESS_ENDS, {"aws:CurrentTime": ref(Parameter.SUPPORT_ACCESS_UNTIL)})
