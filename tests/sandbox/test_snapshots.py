"""A state kept under a name comes back whole, and nothing else stays."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest


def snapshot(endpoint: str, method: str, name: str) -> None:
    request = urllib.request.Request(f"{endpoint}/_sandbox/snapshots/{name}", method=method)
    urllib.request.urlopen(request, timeout=10).read()


def test_what_was_changed_made_and_deleted_since_is_undone(client: Any, endpoint: str) -> None:
    iam, kept, gone = client("iam"), f"kept-{uuid.uuid4().hex[:8]}", f"gone-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=kept)
    pair = iam.create_access_key(UserName=kept)["AccessKey"]
    snapshot(endpoint, "PUT", "before")
    for _ in range(2):
        iam.delete_access_key(UserName=kept, AccessKeyId=pair["AccessKeyId"])
        iam.create_user(UserName=gone)
        snapshot(endpoint, "POST", "before")
        assert client("sts", keys=pair).get_caller_identity()["Arn"].endswith(kept)
        assert gone not in {user["UserName"] for user in iam.list_users()["Users"]}


def test_a_snapshot_nobody_took_changes_nothing(endpoint: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        snapshot(endpoint, "POST", "never")
