"""The sandbox as a process: start, stop, what it keeps, and the environment that leads to it."""

import os
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from generator.errors import DeployerError
from generator.host.background_processes import spawn_detached
from generator.sandbox import lifecycle, server_process
from generator.sandbox.state import SandboxState, environment, read, write
from tests.sandbox_keys import root

SECRET = "00" * 32


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path))
    monkeypatch.setenv("DEPLOYER_SANDBOX_STEP", "0")
    yield tmp_path
    lifecycle.stop()


def users(running: SandboxState, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The users of the account the environment leads to, read as the plain SDK reads them."""
    with monkeypatch.context() as patch:
        for name, value in environment(running).items():
            patch.setenv(name, value)
        client = botocore.session.Session().create_client("iam")
        return [user["UserName"] for user in client.list_users()["Users"]]


def make_user(running: SandboxState, name: str) -> None:
    session = botocore.session.Session()
    session.create_client(
        "iam",
        "us-east-1",
        endpoint_url=running.endpoint,
        **root(running),
    ).create_user(UserName=name)


def kill(running: SandboxState) -> None:
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)


def test_one_that_ended_is_not_waited_for_until_somebody_has_asked_how(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = lifecycle.start(None, spawn_detached)
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "_alive", lambda pid: True)  # as one whose parent never asks
        assert lifecycle.stop()
    assert not lifecycle._alive(running.pid)


def test_one_that_goes_on_is_waited_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = lifecycle.start(None, spawn_detached)
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "control", lambda *asked: b'{"pid": %d}' % running.pid)  # hears no stop
        patch.setattr(lifecycle, "STOP_SECONDS", 0.1)
        with pytest.raises(DeployerError, match="does not stop"):
            lifecycle.stop()


def test_starting_twice_gives_the_same_sandbox_and_another_port_is_refused(home: Path) -> None:
    first = lifecycle.start(None, spawn_detached)
    assert lifecycle.start(None, spawn_detached) == first and lifecycle.is_current(first)
    assert lifecycle.start(first.port, spawn_detached) == first
    with pytest.raises(DeployerError, match=f"is already running on port {first.port}"):
        lifecycle.start(first.port + 1, spawn_detached)


def test_starts_at_the_same_time_give_one_sandbox(home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        sandboxes = [start.result() for start in [pool.submit(lifecycle.start, None, spawn_detached) for _ in range(3)]]
    assert len(set(sandboxes)) == 1


def test_state_and_port_survive_a_restart(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = lifecycle.start(None, spawn_detached)
    make_user(first, "kept")
    assert lifecycle.stop() is True
    assert lifecycle.status() is None
    assert lifecycle.stop() is False
    second = lifecycle.start(None, spawn_detached)
    assert second.port == first.port
    assert users(second, monkeypatch) == ["kept"]


def test_a_killed_sandbox_is_noticed_and_keeps_what_was_saved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = lifecycle.start(None, spawn_detached)
    make_user(first, "kept")
    deadline = time.monotonic() + 10
    while "kept" not in (home / "state" / "iam.json").read_text() if (home / "state" / "iam.json").exists() else True:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kill(first)
    assert lifecycle.status() is None
    assert users(lifecycle.start(None, spawn_detached), monkeypatch) == ["kept"]


def test_reset_empties_a_running_and_a_stopped_sandbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = lifecycle.start(None, spawn_detached)
    make_user(running, "one")
    lifecycle.reset()
    assert users(running, monkeypatch) == []
    make_user(running, "two")
    lifecycle.stop()
    lifecycle.reset()
    assert users(lifecycle.start(None, spawn_detached), monkeypatch) == []


def test_a_port_in_use_is_reported_with_the_log(home: Path) -> None:
    running = lifecycle.start(None, spawn_detached)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEPLOYER_SANDBOX_HOME", str(home / "other"))
        with pytest.raises(DeployerError, match=f"Port {running.port} of 127.0.0.1 is in use") as refused:
            lifecycle.start(running.port, spawn_detached)
    assert refused.value.hint.startswith(f"See {home / 'other' / 'server.log'}.")


def test_it_listens_on_loopback_only_and_starts_no_other_listener(tmp_path: Path) -> None:
    with server_process._listen(None, tmp_path) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    settings = server_process._settings(4566, tmp_path)
    assert (settings["SFTP_ENABLED"], settings["IOT_MTLS_ENABLED"], settings["DOCKER_HOST"]) == (
        "0",
        "0",
        server_process.DEAD_SOCKET,
    )


def test_its_files_are_the_users_alone(home: Path) -> None:
    lifecycle.start(None, spawn_detached)
    lifecycle.stop()
    for path in [home, *home.rglob("*")]:
        if path != home:  # the test's own directory
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_sandbox_whose_directory_is_removed_ends(home: Path) -> None:
    running = lifecycle.start(None, spawn_detached)
    shutil.rmtree(home)
    os.waitpid(running.pid, 0)
    assert lifecycle.status() is None


def test_a_record_of_another_program_is_not_believed(home: Path) -> None:
    write(SandboxState(os.getpid(), 9, str(home), SECRET))
    assert read(home) is not None
    assert lifecycle.status() is None


def test_nothing_of_the_users_environment_is_left(home: Path) -> None:
    theirs = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "theirs",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
        "AWS_CONFIG_FILE": "/home/them/.aws/config",
        "HTTPS_PROXY": "http://proxy.example.com",
        "NO_PROXY": "internal.example.com",
    }
    state = SandboxState(1, 4566, str(home), SECRET)
    write(state)
    ours = environment(state, env=theirs)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**theirs, **ours}.items():
            patch.setenv(name, value)
        session = botocore.session.Session()
        credentials = session.get_credentials().get_frozen_credentials()
        clients = [session.create_client(service) for service in ("s3", "iam", "sts")]
    assert (credentials.access_key, credentials.secret_key, credentials.token or "") == (*root(state).values(), "")
    assert {client.meta.endpoint_url for client in clients} == {"http://127.0.0.1:4566"}
    assert ours["NO_PROXY"] == "internal.example.com,127.0.0.1,localhost"


def test_a_stack_cut_off_in_the_middle_is_not_busy_for_ever(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_SANDBOX_STEP", "600")
    first = lifecycle.start(None, spawn_detached)

    def client(of: SandboxState) -> Any:
        session = botocore.session.Session()
        return session.create_client("cloudformation", "us-east-1", endpoint_url=of.endpoint, **root(of))

    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}
    client(first).create_stack(StackName="cut", TemplateBody=str({"Resources": {"One": parameter}}).replace("'", '"'))
    lifecycle.stop()
    stack = client(lifecycle.start(None, spawn_detached)).describe_stacks(StackName="cut")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert stack["StackStatusReason"] == "The sandbox stopped while this operation was running."
