"""Systems Manager: sessions, their documents, and the instances that answer."""

from __future__ import annotations

from generator.gateway.service import Answer, Service
from generator.model.access import Session


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

    def terminate_session(self, session_id: str) -> None:
        """Ask for a session's end. Success says nothing: AWS answers it for unknown ids too, so look again."""
        self._call("terminate_session", SessionId=session_id)


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
