"""Systems Manager: sessions, their documents, and the instances that answer."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from generator.gateway.service import Answer, Service
from generator.gateway.translate import translated
from generator.model.access import Session
from generator.model.session import Node, SessionRequest, StartedSession


class SSM(Service):
    """Domain verbs over the Systems Manager API."""

    def list_sessions(
        self, *, active: bool = True, target: str | None = None, owner: str | None = None
    ) -> list[Session]:
        """Sessions that are live (or the history of 30 days), of one instance and one owner's ARN where given."""
        wanted = [("Target", target), ("Owner", owner)]
        filters = [{"key": key, "value": value} for key, value in wanted if value]
        optional: Answer = {"Filters": filters} if filters else {}
        pages = self._pages("describe_sessions", State="Active" if active else "History", **optional)
        return [_session(raw) for page in pages for raw in page["Sessions"]]

    def get_document(self, name: str) -> str:
        """The content of a document's default version, as text. Raises NotFound."""
        return str(self._call("get_document", Name=name)["Content"])

    def terminate_session(self, session_id: str) -> None:
        """Ask for a session's end. Success says nothing: AWS answers it for unknown ids too, so look again."""
        self._call("terminate_session", SessionId=session_id)

    def find_session(self, session_id: str, *, active: bool = True) -> Session | None:
        """One session by its id, among the live ones or in the history; None when it is not there."""
        wish = [{"key": "SessionId", "value": session_id}]
        pages = self._pages("describe_sessions", State="Active" if active else "History", Filters=wish)
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

        with translated("ssmmessages", "OpenDataChannel", {}):
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
        wish: Answer = {"Filters": [{"Key": "InstanceIds", "Values": list(instance_ids)}]} if instance_ids else {}
        pages = self._pages("describe_instance_information", **wish)
        return [_node(raw) for page in pages for raw in page["InstanceInformationList"]]

    def connection_status(self, instance_id: str) -> str:
        """Whether the agent holds its control channel: connected or notconnected."""
        return str(self._call("get_connection_status", Target=instance_id)["Status"])


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
