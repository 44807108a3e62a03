"""The calls of a data channel, by botocore, against the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from generator.channel.session import DataKey, SessionGrant


class Service:
    """A SessionService for one StartSession request; `keys` sign the channel's opening, None leaves it unsigned."""

    def __init__(
        self, ssm: Any, request: dict[str, Any], *, keys: dict[str, str] | None = None, kms: Any = None
    ) -> None:
        self.ssm, self.request, self.keys, self.kms = ssm, request, keys, kms
        self.session_id = ""

    def start(self) -> SessionGrant:
        answer = self.ssm.start_session(**self.request)
        self.session_id = answer["SessionId"]
        return SessionGrant(self.session_id, answer["StreamUrl"], answer["TokenValue"], self.request["Target"])

    def resume(self, session_id: str) -> str:
        try:
            return str(self.ssm.resume_session(SessionId=session_id)["TokenValue"])
        except ClientError:
            return ""

    def terminate(self, session_id: str) -> None:
        self.ssm.terminate_session(SessionId=session_id)

    def sign(self, url: str) -> Mapping[str, str]:
        if self.keys is None:
            return {}
        request = AWSRequest("GET", url.replace("ws:", "http:"))
        credentials = Credentials(self.keys["AccessKeyId"], self.keys["SecretAccessKey"], self.keys.get("SessionToken"))
        SigV4Auth(credentials, "ssmmessages", "us-east-1").add_auth(request)
        return dict(request.headers)

    def generate_data_key(self, key_id: str, context: Mapping[str, str]) -> DataKey:
        answer = self.kms.generate_data_key(KeyId=key_id, NumberOfBytes=64, EncryptionContext=dict(context))
        return DataKey(answer["Plaintext"], answer["CiphertextBlob"])
