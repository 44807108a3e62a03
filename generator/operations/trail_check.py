"""doctor's question about CloudTrail: whether a trail records this region, and what of a session it will show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.diagnosis import Diagnosis, Verdict
from generator.model.trail import Trail

SUBJECT = "CloudTrail"
SHOWN = (
    "of a session it has who started, resumed or ended it, when, from which address, on which instance and with which "
    "document, not what was typed or carried"
)
"""What the records of StartSession, ResumeSession and TerminateSession contain (CloudTrail user guide)."""
NOT_ASKED = "Whether it leaves out management events was not asked: {}"


def check(gateway: Gateway) -> Iterator[Diagnosis]:
    """Whether sessions of this region are recorded for longer than the event history keeps them. Raises AwsError."""
    trails = gateway.cloudtrail.describe_trails()
    states = {trail.name: _is_logging(gateway, trail) for trail in trails}
    logging = [trail for trail in trails if states[trail.name]]
    unknown = [trail.name for trail in trails if states[trail.name] is None]
    if logging:
        first = logging[0]
        answer = f"the trail {first.name} records this region to the bucket {first.bucket}; {SHOWN}"
        ask = _at_home(gateway, first).aws("cloudtrail", "get-event-selectors", "--trail-name", first.arn)
        yield Diagnosis(SUBJECT, Verdict.OK, answer, NOT_ASKED.format(ask))
    elif unknown:
        answer = f"whether {', '.join(unknown)} records is not known: you lack the permission for GetTrailStatus"
        yield Diagnosis(SUBJECT, Verdict.UNKNOWN, answer)
    else:
        stopped = f"{', '.join(states)} is stopped" if states else "no trail records this region"
        answer = f"event history only, which keeps 90 days: {stopped}; {SHOWN}"
        yield Diagnosis(SUBJECT, Verdict.NOTE, answer, _remedy(gateway, trails))


def _is_logging(gateway: Gateway, trail: Trail) -> bool | None:
    """Whether it records; None where these credentials may not ask."""
    try:
        return gateway.cloudtrail.is_logging(trail.arn)
    except AwsError as error:
        if not error.denied:
            raise
        return None


def _at_home(gateway: Gateway, trail: Trail) -> CommandLine:
    """Command lines for the region in which a trail was made, which alone changes it."""
    return replace(gateway.commands, region=trail.home_region)


def _remedy(gateway: Gateway, trails: list[Trail]) -> str:
    """The command that starts what is there, or else makes a trail (which needs a bucket, and costs its storage)."""
    if trails:
        return _at_home(gateway, trails[0]).aws("cloudtrail", "start-logging", "--name", trails[0].arn)
    made = ("--name", "sessions", "--s3-bucket-name", "BUCKET", "--is-multi-region-trail")
    return "\n".join(
        gateway.commands.aws("cloudtrail", *words)
        for words in (("create-trail", *made), ("start-logging", "--name", "sessions"))
    )
