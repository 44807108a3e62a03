"""The verdicts about paths that nobody of the stack made: each is closed when nobody can get in by it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from generator.model.access_path import AccessPath, PathReading
from generator.model.evidence import Evidence
from generator.operations.access import remedies
from generator.operations.access.expectation import Expectation
from generator.operations.access.observations import Observations


def other_credentials_are_gone(seen: Observations, wanted: Expectation) -> Evidence:
    """The support user has no credential besides access keys, which are judged apart."""
    return _closed("other credentials of the support user", seen.paths.credentials, seen, wanted)


def no_group_is_left(seen: Observations, wanted: Expectation) -> Evidence:
    """The support user is in no group."""
    return _closed("groups of the support user", (seen.paths.groups,), seen, wanted)


def no_foreign_policy_is_left(seen: Observations, wanted: Expectation) -> Evidence:
    """Neither user nor role may do anything by a policy, or a statement, that the stack did not make."""
    return _closed("policies that the stack did not create", seen.paths.foreign_policies, seen, wanted)


def boundaries_are_the_stacks(seen: Observations, wanted: Expectation) -> Evidence:
    """Nothing could permit user or role more than the stack does."""
    return _closed("permissions boundaries", seen.paths.boundaries, seen, wanted, "the stack's")


def no_instance_has_the_role(seen: Observations, wanted: Expectation) -> Evidence:
    """No instance profile has the support role."""
    return _closed("instance profiles of the support role", (seen.paths.instance_profiles,), seen, wanted)


def no_grant_on_the_key_is_left(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody outside the account may use the key by a grant; or, where others stay, those alone."""
    return _closed("grants on the key", (seen.paths.key_grants,), seen, wanted)


def no_replica_of_the_secret_is_left(seen: Observations, wanted: Expectation) -> Evidence:
    """No other region has the secret, and with it the next key, under a policy that is not the stack's."""
    return _closed("replicas of the secret", (seen.paths.replicas,), seen, wanted)


def no_other_role_lets_them_in(seen: Observations, wanted: Expectation) -> Evidence:
    """No other role of the account trusts a principal that leaves."""
    return _closed("other roles of the account", (seen.paths.roles,), seen, wanted)


def the_keeper_obeys_nobody_else(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody but the stack's own rule and secret may invoke the function that makes keys and ends sessions."""
    return _closed("who may invoke the keeper", (seen.paths.keeper,), seen, wanted, "the stack alone")


def the_cluster_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Neither whoever is on the instance reaches a cluster nor anybody who leaves; those who stay keep the stack's.

    What a person made for somebody who leaves, or for the support user or role, counts also where others stay.
    """
    step, reading = "EKS access", seen.paths.cluster
    if wanted.everybody or reading.value is None:
        return _closed(step, (reading,), seen, wanted)
    others = replace(reading, value=tuple(path for path in reading.value if not path.by_stack))
    if not left_open(others, seen.at, wanted):
        return Evidence(step, reading.asked, "others keep access, so it stays", reading.at, None)
    return _closed(step, (others,), seen, wanted)


def _closed(
    step: str, readings: Iterable[PathReading], seen: Observations, wanted: Expectation, nothing: str = "none"
) -> Evidence:
    """Proven when every question had an answer, and no path that was seen is open to somebody who leaves."""
    asked = [reading for reading in readings if not reading.absent]
    if not asked:
        first = next(iter(readings))
        return Evidence(step, first.asked, first.detail, first.at, None)
    paths = [path for reading in asked for path in reading.value or ()]
    left = [path for reading in asked for path in left_open(reading, seen.at, wanted)]
    unread = [reading for reading in asked if reading.value is None and not reading.gone]
    answer = "; ".join([*(path.label for path in paths), *(reading.detail for reading in unread)]) or nothing
    hints = [*(path.remove for path in left), *(remedies.unread(reading, wanted) for reading in unread)]
    names = ", ".join(dict.fromkeys(reading.asked for reading in asked))
    return Evidence(step, names, answer, asked[-1].at, not hints, "; ".join(dict.fromkeys(hints)))


def left_open(reading: PathReading, now: datetime, wanted: Expectation) -> list[AccessPath]:
    """The paths that are open to somebody who leaves."""
    return [path for path in reading.value or () if path.is_open(now) and not _stays(path, wanted)]


def _stays(path: AccessPath, wanted: Expectation) -> bool:
    """Whether it is a path of somebody who keeps access. What the support user or role has is everybody's."""
    return path.who.startswith("arn:") and wanted.stays(path.who)
