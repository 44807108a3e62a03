"""The transcript of a shell in CloudWatch Logs, if the session document asks for it and the instance role allows it."""

from __future__ import annotations

import time
from contextlib import suppress

from ministack.core.responses import request_scope
from ministack.services import cloudwatch_logs

from generator.model.arn import Arn
from generator.sandbox.service_api import call
from generator.sandbox.ssm import nodes
from generator.sandbox.ssm.nodes import Node
from generator.sandbox.ssm.sessions import Session

_UNENCRYPTED = (
    "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group. "
    "Either encrypt the log group or choose an option to enable logging without encryption."
)
_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


class SessionLog:
    """One session's log stream, named by the session; a session without a log group writes nowhere."""

    def __init__(self, session: Session, node: Node) -> None:
        inputs = session.plan["inputs"]
        self._session, self._node = session, node
        self._group = str(inputs.get("cloudWatchLogGroupName") or "")
        self._encrypted = inputs.get("cloudWatchEncryptionEnabled") in (True, "true")
        self._opened = False

    def fault(self) -> str:
        """Why the session cannot start: no such log group, not encrypted, or the role may not write; "" when it can."""
        if not self._group:
            return ""
        groups = call(cloudwatch_logs, "DescribeLogGroups", {"logGroupNamePrefix": self._group})["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == self._group), None)
        if group is None:
            return f"The log group {self._group} of the session document does not exist."
        if self._encrypted and not group.get("kmsKeyId"):
            return _UNENCRYPTED
        stream = f"log-group:{self._group}:log-stream:{self._session.id}"
        arn = str(Arn("aws", "logs", self._session.region, self._session.account, stream))
        forbidden = [action for action in _ACTIONS if not nodes.role_may(self._node.role, action, arn)]
        return f"The instance role may not {forbidden[0]} on {self._group}." if forbidden else ""

    def line(self, text: str) -> None:
        """Append to the transcript. What cannot be written is lost, and the session goes on.

        The agent does the same (agent/agentlogstocloudwatch/cloudwatchlogspublisher/cloudwatchlogsservice.go,
        StreamData): it writes the refusal into its own log.
        """
        if not self._group or not text:
            return
        names = {"logGroupName": self._group, "logStreamName": self._session.id}
        with request_scope(self._session.account, self._session.region), suppress(ValueError):
            if not self._opened:
                call(cloudwatch_logs, "CreateLogStream", names)
                self._opened = True
            event = {"timestamp": int(time.time() * 1000), "message": text}
            call(cloudwatch_logs, "PutLogEvents", {**names, "logEvents": [event]})
