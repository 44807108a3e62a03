"""Every world there is."""

from __future__ import annotations

from tests.worlds import clean, flips, grants, keeper, people, plans, resources, support_user

WORLDS = (
    *clean.WORLDS,
    *support_user.WORLDS,
    *resources.WORLDS,
    *keeper.WORLDS,
    *people.WORLDS,
    *grants.WORLDS,
    *flips.WORLDS,
    *plans.WORLDS,
)
