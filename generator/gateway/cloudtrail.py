"""CloudTrail: the trails that record a region, and the event history of its last 90 days."""

from __future__ import annotations

from datetime import datetime

from generator.gateway.service import Service
from generator.model.json_text import parse_json
from generator.model.trail import SessionStart, Trail

PAGE = 50
"""Events of a page, the most that LookupEvents gives."""


class CloudTrail(Service):
    """Domain verbs over the CloudTrail API."""

    def describe_trails(self) -> list[Trail]:
        """The trails that record this region, those made in other regions and in the organization included."""
        trails = self._call("describe_trails", includeShadowTrails=True)["trailList"]
        return [
            Trail(str(raw["Name"]), str(raw["TrailARN"]), str(raw.get("S3BucketName", "")), str(raw["HomeRegion"]))
            for raw in trails
        ]

    def is_logging(self, trail_arn: str) -> bool:
        """Whether the trail records now. Raises NotFound, AwsError."""
        return bool(self._call("get_trail_status", Name=trail_arn)["IsLogging"])

    def session_starts(self, since: datetime, pages: int) -> tuple[list[SessionStart], bool]:
        """The successful StartSession calls since then, newest first, and whether these are all.

        At most `pages` pages of 50 are read: AWS answers two a second (API reference, LookupEvents).
        """
        asked = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "StartSession"}],
            "StartTime": since,
            "MaxResults": PAGE,
        }
        starts: list[SessionStart] = []
        token = ""
        for _ in range(pages):
            page = self._call("lookup_events", **asked, **({"NextToken": token} if token else {}))
            starts += [start for raw in page["Events"] if (start := _start(str(raw["CloudTrailEvent"])))]
            if not (token := str(page.get("NextToken") or "")):
                return starts, True
        return starts, False


def _start(text: str) -> SessionStart | None:
    """What a record says of the session that it started; None for a refused call, or what is no such record."""
    try:
        event = parse_json(text)
    except ValueError:
        return None
    answer = event.get("responseElements") if isinstance(event, dict) else None
    session_id = answer.get("sessionId") if isinstance(answer, dict) else None
    if not session_id:
        return None
    return SessionStart(str(session_id), str(event.get("sourceIPAddress", "")), str(event.get("userAgent", "")))
