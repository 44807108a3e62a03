"""CloudTrail: trails of other regions too, and starts of sessions page by page, refused ones left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from generator.gateway.cloudtrail import CloudTrail
from generator.model.trail import SessionStart, Trail

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = {
    "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "StartSession"}],
    "StartTime": SINCE,
    "MaxResults": 50,
}


def event(**record: Any) -> dict[str, Any]:
    return {"CloudTrailEvent": json.dumps(record)}


STARTED = event(responseElements={"sessionId": "jo-1"}, sourceIPAddress="203.0.113.7", userAgent="aws-cli/2")
REFUSED = event(errorCode="AccessDenied", responseElements=None)


def test_trails_of_all_regions_are_asked_for(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudtrail")
    raw = {"Name": "org", "TrailARN": "arn:t", "S3BucketName": "logs", "HomeRegion": "eu-west-1"}
    stub.add_response("describe_trails", {"trailList": [raw]}, {"includeShadowTrails": True})
    stub.add_response("get_trail_status", {"IsLogging": False}, {"Name": "arn:t"})
    trail = CloudTrail(client)
    assert trail.describe_trails() == [Trail("org", "arn:t", "logs", "eu-west-1")] and not trail.is_logging("arn:t")


def test_starts_come_from_every_page_and_what_is_none_is_left_out(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudtrail")
    noise = [REFUSED, {"CloudTrailEvent": "no JSON"}, {"CloudTrailEvent": "[]"}]
    stub.add_response("lookup_events", {"Events": [STARTED, *noise], "NextToken": "t"}, ASKED)
    stub.add_response("lookup_events", {"Events": [STARTED]}, {**ASKED, "NextToken": "t"})
    start = SessionStart("jo-1", "203.0.113.7", "aws-cli/2")
    assert CloudTrail(client).session_starts(SINCE, 5) == ([start, start], True)


def test_more_pages_than_asked_for_are_not_read_and_that_is_not_all(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudtrail")
    stub.add_response("lookup_events", {"Events": [STARTED], "NextToken": "t"}, ASKED)
    assert CloudTrail(client).session_starts(SINCE, 1)[1] is False
