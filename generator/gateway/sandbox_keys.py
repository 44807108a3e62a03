"""Keys of the sandbox, which must not leave this computer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from generator.errors import Refused
from generator.model.sandbox_key import is_sandbox_key

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def static_key(session: Any) -> str:
    """The ID of the access key that a session has as it is; "" for one that is renewed, as none of the sandbox's is."""
    from botocore.credentials import Credentials

    credentials = session.get_credentials()
    return str(credentials.access_key) if type(credentials) is Credentials else ""


def keep_apart(access_key_id: str, client: Any) -> None:
    """Keep the embedded AWS and the real one apart: raise Refused when a key of the sandbox would leave this computer,
    and UsageError for a region that AWS does not have, of which the sandbox would say that it is empty."""
    from generator.gateway.surroundings import require_known_region

    if not is_sandbox_key(access_key_id):
        return
    if urlsplit(client.endpoint_url).hostname not in LOOPBACK:
        raise Refused(
            f"The credentials are the sandbox's, but {client.endpoint_url} is not on this computer: nothing was sent.",
            'Take both from the sandbox: eval "$(deployer sandbox env)", or unset AWS_ACCESS_KEY_ID.',
            code="sandbox-mixture",
        )
    require_known_region(str(client.region_name))
