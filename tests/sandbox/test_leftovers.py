"""A sandbox that has stopped leaves nothing beside its home."""

from pathlib import Path

import pytest

from tests.embedded import Deployer, environment, running_sandbox


def test_a_stopped_sandbox_leaves_no_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with running_sandbox(tmp_path / "home") as leads, environment(leads):
        Deployer("deepsql-1").create()
        assert [path.name for path in temporary.iterdir()]  # the keeper ran
    assert [path.name for path in temporary.iterdir()] == []
