"""A state kept under a name comes back whole, and nothing else stays."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_keys import control, recorded


def snapshot(home: Path, method: str, name: str) -> None:
    control(method, f"snapshots/{name}", running=recorded(home))


def test_what_was_changed_made_and_deleted_since_is_undone(client: Any, sandbox_home: Path) -> None:
    iam, remaining, gone = client("iam"), f"kept-{uuid.uuid4().hex[:8]}", f"gone-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=remaining)
    pair = iam.create_access_key(UserName=remaining)["AccessKey"]
    snapshot(sandbox_home, "PUT", "before")
    for _ in range(2):
        iam.delete_access_key(UserName=remaining, AccessKeyId=pair["AccessKeyId"])
        iam.create_user(UserName=gone)
        snapshot(sandbox_home, "POST", "before")
        assert client("sts", keys=pair).get_caller_identity()["Arn"].endswith(remaining)
        assert gone not in {user["UserName"] for user in iam.list_users()["Users"]}


def test_a_snapshot_nobody_took_changes_nothing(sandbox_home: Path) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        snapshot(sandbox_home, "POST", "never")
