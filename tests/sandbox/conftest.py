"""One sandbox for all tests of this directory, on a port of its own, and botocore clients for its accounts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from tests.sandbox_keys import recorded, root

CUSTOMER = "111122223333"
VENDOR = "444455556666"
REGION = "us-east-1"


@pytest.fixture(scope="session")
def sandbox_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' sandbox keeps what it keeps."""
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def endpoint(sandbox_home: Path) -> Iterator[str]:
    home = sandbox_home
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "generator.sandbox"],
            env={**env, "DEPLOYER_SANDBOX_HOME": str(home)},
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{_port(home, server)}"
    finally:
        server.terminate()
        server.wait(20)


def _port(home: Path, server: subprocess.Popen[bytes]) -> int:
    for _ in range(600):
        if (home / "server.json").exists():
            return int(json.loads((home / "server.json").read_text())["port"])
        assert server.poll() is None, (home / "log").read_text()
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text())


Clients = Callable[..., Any]


@pytest.fixture(scope="session")
def client(endpoint: str, sandbox_home: Path) -> Clients:
    """client(service) as root of the customer's account; `account` for another one, `keys` for someone else."""

    def make(service: str, account: str = CUSTOMER, keys: dict[str, str] | None = None, region: str = REGION) -> Any:
        own = root(recorded(sandbox_home), account)
        keys = keys or {"AccessKeyId": own["aws_access_key_id"], "SecretAccessKey": own["aws_secret_access_key"]}
        return botocore.session.Session().create_client(
            service,
            region,
            endpoint_url=endpoint,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}, user_agent="tests"),
        )

    return make
