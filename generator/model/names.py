"""The forms that AWS gives to names which a shell's completion offers: nothing in them means anything to a shell."""

from __future__ import annotations

import re

REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
STACK = r"[A-Za-z][A-Za-z0-9-]{0,127}"
_FORMS = {
    "stack": STACK,
    "instance": r"m?i-[0-9a-f]{1,17}",
    "database": r"[A-Za-z][A-Za-z0-9-]{0,62}",
    "region": REGION,
}


def is_name(kind: str, text: str) -> bool:
    """Whether a text has the form of a name of that kind; not whether there is such a thing."""
    form = _FORMS.get(kind)
    return form is not None and re.fullmatch(form, text, re.ASCII) is not None
