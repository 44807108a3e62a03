"""CloudWatch Logs: the session log group, and the lines that this program leaves in the stack's own log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from generator.errors import AwsError
from generator.gateway.service import Service, as_utc
from generator.model.session_log import STANDARD, LogGroup


class Logs(Service):
    """Domain verbs over the CloudWatch Logs API."""

    def find_log_group(self, name: str) -> LogGroup | None:
        """The log group of exactly that name, or None."""
        pages = self._pages("describe_log_groups", logGroupNamePrefix=name)
        group = next((g for page in pages for g in page["logGroups"] if g["logGroupName"] == name), None)
        if group is None:
            return None
        key, days = group.get("kmsKeyId", ""), group.get("retentionInDays", 0)
        return LogGroup(name, group.get("arn", ""), key, days, group.get("logGroupClass", STANDARD))

    def count_events(self, group: str, stream: str) -> int:
        """How many lines the first page of a stream has. Raises NotFound, AwsError when there is no such stream."""
        return len(self._call("get_log_events", logGroupName=group, logStreamName=stream)["events"])

    def put_line(self, group: str, stream: str, line: str, at: datetime) -> bool:
        """Append a line to a stream, which is made if it does not exist; whether it was taken (an event too old, or of
        the future, is not). `at`: UTC. Raises NotFound, AwsError.
        """
        try:
            self._call("create_log_stream", logGroupName=group, logStreamName=stream)
        except AwsError as error:
            if error.aws_code != "ResourceAlreadyExistsException":
                raise
        event = {"timestamp": int(at.timestamp() * 1000), "message": line}
        answer = self._call("put_log_events", logGroupName=group, logStreamName=stream, logEvents=[event])
        return not answer.get("rejectedLogEventsInfo")

    def stream_lines(self, group: str, stream: str) -> Iterator[tuple[str, datetime]]:
        """The lines of a stream, oldest first, each with when it was received. Raises NotFound, AwsError."""
        asked = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
        token = ""
        while True:
            page = self._call("get_log_events", **asked, **({"nextToken": token} if token else {}))
            for event in page["events"]:
                yield event["message"], as_utc(event["ingestionTime"] / 1000)
            if page["nextForwardToken"] == token:  # the end: the same token again (API reference, GetLogEvents)
                return
            token = page["nextForwardToken"]
