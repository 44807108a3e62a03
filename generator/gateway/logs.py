"""CloudWatch Logs: the session log group."""

from __future__ import annotations

from generator.gateway.service import Service
from generator.model.session_log import LogGroup


class Logs(Service):
    """Domain verbs over the CloudWatch Logs API."""

    def find_log_group(self, name: str) -> LogGroup | None:
        """The log group of exactly that name, or None."""
        pages = self._pages("describe_log_groups", logGroupNamePrefix=name)
        group = next((g for page in pages for g in page["logGroups"] if g["logGroupName"] == name), None)
        if group is None:
            return None
        return LogGroup(name, group.get("arn", ""), group.get("kmsKeyId", ""), group.get("retentionInDays", 0))

    def count_events(self, group: str, stream: str) -> int:
        """How many lines the first page of a stream has. Raises NotFound, AwsError when there is no such stream."""
        return len(self._call("get_log_events", logGroupName=group, logStreamName=stream)["events"])
