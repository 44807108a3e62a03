"""Systems Manager: sessions, their documents, and the instances that answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from generator.errors import AwsError, NotFound
from generator.gateway.service import Answer, Service
from generator.gateway.translate import translated
from generator.model.json_text import parse_json
from generator.model.run_command import RUNNING, CommandRequest, HostResult
from generator.model.session import DocumentVersions, Node, Session, SessionRequest, StartedSession

RUN_SHELL_SCRIPT = "AWS-RunShellScript"
HOST_MANAGEMENT = "/ssm/managed-instance/default-ec2-instance-management-role"
MOST_SESSIONS = 200
"""Sessions of a page, the most that DescribeSessions gives: the fewest calls for a long history."""


class SSM(Service):
    """Domain verbs over the Systems Manager API."""

    def list_sessions(
        self, *, active: bool = True, target: str | None = None, owner: str | None = None
    ) -> list[Session]:
        """Sessions that are live (or the history of 30 days), of one instance and one owner's ARN where given."""
        wanted = [("Target", target), ("Owner", owner)]
        filters = [{"key": key, "value": value} for key, value in wanted if value]
        optional: Answer = {"Filters": filters} if filters else {}
        state = "Active" if active else "History"
        pages = self._pages("describe_sessions", State=state, MaxResults=MOST_SESSIONS, **optional)
        return [_session(raw) for page in pages for raw in page["Sessions"]]

    def get_document(self, name: str) -> str:
        """The content of a document's default version, as text. Raises NotFound."""
        return str(self._call("get_document", Name=name)["Content"])

    def terminate_session(self, session_id: str) -> None:
        """Ask for a session's end. Success says nothing: AWS answers it for unknown ids too, so look again."""
        self._call("terminate_session", SessionId=session_id)

    def find_session(self, session_id: str, *, active: bool = True) -> Session | None:
        """One session by its id, among the live ones or in the history; None when it is not there."""
        filters = [{"key": "SessionId", "value": session_id}]
        pages = self._pages("describe_sessions", State="Active" if active else "History", Filters=filters)
        return next((_session(raw) for page in pages for raw in page["Sessions"]), None)

    def start_session(self, request: SessionRequest) -> StartedSession:
        """Start a session; it lives until it is terminated or times out. Raises AwsError."""
        answer = self._call("start_session", **request.as_call())
        return StartedSession(answer["SessionId"], answer["StreamUrl"], answer["TokenValue"])

    def resume_session(self, session_id: str) -> str:
        """A new token for the channel of a live session; "" when it is over. Raises AwsError."""
        return str(self._call("resume_session", SessionId=session_id).get("TokenValue") or "")

    def sign_channel(self, url: str) -> Mapping[str, str]:
        """The headers that sign the GET which opens a session's websocket, with the credentials as they are now.

        SigV4 for the service `ssmmessages`, as the session-manager-plugin does since 1.2.688.0.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        with translated("ssmmessages", "OpenDataChannel", {}, self._client):
            credentials = self._client._get_credentials()
            request = AWSRequest("GET", urlsplit(url)._replace(scheme=_HTTP[urlsplit(url).scheme]).geturl())
            SigV4Auth(credentials.get_frozen_credentials(), "ssmmessages", self.region).add_auth(request)
        return dict(request.headers)

    @property
    def region(self) -> str:
        """The region these calls go to."""
        return str(self._client.meta.region_name)

    @property
    def endpoint(self) -> str:
        """Where these calls go."""
        return str(self._client.meta.endpoint_url)

    def describe_nodes(self, instance_ids: tuple[str, ...] = ()) -> list[Node]:
        """The managed nodes of the region, or those of these ids that are managed."""
        filters: Answer = {"Filters": [{"Key": "InstanceIds", "Values": list(instance_ids)}]} if instance_ids else {}
        pages = self._pages("describe_instance_information", **filters)
        return [_node(raw) for page in pages for raw in page["InstanceInformationList"]]

    def connection_status(self, instance_id: str) -> str:
        """Whether the agent holds its control channel: connected or notconnected."""
        return str(self._call("get_connection_status", Target=instance_id)["Status"])

    def host_management_role(self) -> str:
        """The role as which agents register whose instance has no profile (Default Host Management Configuration).

        "" where the account does not use that in this region. Its default value is the word $None.
        """
        value = str(self._call("get_service_setting", SettingId=HOST_MANAGEMENT)["ServiceSetting"]["SettingValue"])
        return "" if value.lower() in ("$none", "none", "") else value

    def send_command(self, request: CommandRequest) -> str:
        """Run a script by a document with AWS-RunShellScript's parameters; the command's id. Raises AwsError."""
        where: Answer = (
            {"InstanceIds": list(request.instance_ids)}
            if request.instance_ids
            else {"Targets": [{"Key": f"tag:{key}", "Values": list(values)} for key, values in request.tags.items()]}
        )
        answer = self._call(
            "send_command",
            DocumentName=request.document or RUN_SHELL_SCRIPT,
            Parameters={"commands": [request.script], "executionTimeout": [str(request.timeout)]},
            TimeoutSeconds=request.delivery,
            MaxConcurrency=request.concurrency,
            MaxErrors=request.max_errors,
            **where,
            **({"Comment": request.reason[:100]} if request.reason else {}),
        )
        return str(answer["Command"]["CommandId"])

    def find_document(self, name: str) -> tuple[str, str] | None:
        """The content (as JSON) and number of a document's default version; None when there is no such document."""
        try:
            raw = self._call("get_document", Name=name, DocumentFormat="JSON")
        except AwsError as error:
            if error.aws_code == "InvalidDocument":
                return None
            raise
        if not isinstance(parse_json(raw["Content"]), dict):
            raise self._not_understood()
        return raw["Content"], str(raw.get("DocumentVersion", ""))

    def document_versions(self, name: str) -> DocumentVersions:
        """The numbers of a document's default and latest version. Raises AwsError (InvalidDocument)."""
        raw = self._call("describe_document", Name=name)["Document"]
        return DocumentVersions(name, str(raw["DefaultVersion"]), str(raw["LatestVersion"]))

    def create_session_document(self, name: str, content: str) -> None:
        """Make a session document from JSON."""
        self._call("create_document", Name=name, Content=content, DocumentType="Session", DocumentFormat="JSON")

    def update_document(self, name: str, content: str) -> str:
        """Add a version; its number. It is not yet the default. Raises AwsError (DuplicateDocumentContent)."""
        answer = self._call(
            "update_document", Name=name, Content=content, DocumentVersion="$LATEST", DocumentFormat="JSON"
        )
        return str(answer["DocumentDescription"]["DocumentVersion"])

    def version_with(self, name: str, content: str) -> str:
        """The number of the version that says the same as this JSON. Raises NotFound."""
        wanted = json.loads(content)
        for page in self._pages("list_document_versions", Name=name):
            for raw in page["DocumentVersions"]:
                number = str(raw["DocumentVersion"])
                content = self._call("get_document", Name=name, DocumentVersion=number, DocumentFormat="JSON")[
                    "Content"
                ]
                if parse_json(content) == wanted:
                    return number
        raise NotFound(f"No version of {name} says that.", "Run it again.")

    def set_default_version(self, name: str, version: str) -> None:
        """Make a version the one in force."""
        self._call("update_document_default_version", Name=name, DocumentVersion=version)

    def delete_document(self, name: str) -> None:
        """Delete a document, every version of it."""
        self._call("delete_document", Name=name)

    def command_hosts(self, command_id: str) -> dict[str, str]:
        """The hosts of a command and their statuses, as far as it has reached any."""
        pages = self._pages("list_command_invocations", CommandId=command_id)
        return {raw["InstanceId"]: raw["Status"] for page in pages for raw in page["CommandInvocations"]}

    def command_over(self, command_id: str) -> bool:
        """Whether the command as a whole has ended, so that no further host will come."""
        commands = self._call("list_commands", CommandId=command_id)["Commands"]
        return bool(commands) and commands[0]["Status"] not in RUNNING

    def command_result(self, command_id: str, instance_id: str) -> HostResult:
        """What one host did, its output cut by the service at 24,000 and 8,000 characters."""
        raw = self._call("get_command_invocation", CommandId=command_id, InstanceId=instance_id)
        code = int(raw.get("ResponseCode", -1))
        return HostResult(
            instance_id,
            raw.get("StatusDetails") or raw["Status"],
            None if code < 0 else code,
            raw.get("StandardOutputContent", ""),
            raw.get("StandardErrorContent", ""),
            _elapsed(raw.get("ExecutionStartDateTime", ""), raw.get("ExecutionEndDateTime", "")),
        )

    def cancel_command(self, command_id: str) -> None:
        """Stop a command where it has not ended."""
        self._call("cancel_command", CommandId=command_id)


def _elapsed(began: str, ended: str) -> float | None:
    """Seconds between two of the service's ISO 8601 times; None where either is missing."""
    if not (began and ended):
        return None
    then, now = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (began, ended))
    return (now - then).total_seconds()


_HTTP = {"wss": "https", "ws": "http"}


def _node(raw: Answer) -> Node:
    return Node(
        instance_id=raw["InstanceId"],
        ping=raw.get("PingStatus", ""),
        agent_version=raw.get("AgentVersion", ""),
        last_ping=raw.get("LastPingDateTime"),
        platform=f"{raw.get('PlatformName', '')} {raw.get('PlatformVersion', '')}".strip(),
    )


def _session(raw: Answer) -> Session:
    return Session(
        session_id=raw["SessionId"],
        target=raw.get("Target", ""),
        status=raw.get("Status", ""),
        owner=raw.get("Owner", ""),
        document=raw.get("DocumentName", ""),
        reason=raw.get("Reason", ""),
        started=raw.get("StartDate"),
        ended=raw.get("EndDate"),
    )
