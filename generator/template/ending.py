"""The end of access, as the policies want it."""

from __future__ import annotations

from troposphere import If

from generator.model.contract import Condition, Parameter
from generator.template.parts import ref, when

EPOCH = "1970-01-01T00:00:00Z"


def sessions_count() -> If:
    """The operand of `DateGreaterThanEquals`: from when on the role may be assumed, where that is cut."""
    return when(Condition.SESSIONS_CUT, {"aws:CurrentTime": ref(Parameter.SUPPORT_SESSIONS_NOT_BEFORE)})


def sessions_begin() -> If:
    """From when on sessions of the role count: where nothing was cut, from a time before there were any."""
    return when(Condition.SESSIONS_CUT, ref(Parameter.SUPPORT_SESSIONS_NOT_BEFORE), EPOCH)


def access_ends() -> If:
    """The operand of `DateLessThan`: the date where one is given, else no operator at all."""
    return when(Condition.ACCESS_ENDS, {"aws:CurrentTime": ref(Parameter.SUPPORT_ACCESS_UNTIL)})
