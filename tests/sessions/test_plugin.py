"""AWS's plugin, played by a script that writes down what it was given."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests.sessions.conftest import Deployer, until_line

STAND_IN = f"""#!{sys.executable}
import json, os, signal, sys, time
if sys.argv[1:] == ["--version"]:
    print("@VERSION@"); sys.exit()
signals = {{n: signal.getsignal(getattr(signal, n)) == signal.SIG_IGN for n in ("SIGINT", "SIGQUIT", "SIGTSTP")}}
record = {{"argv": sys.argv[1:], "response": os.environ.get("AWS_SSM_START_SESSION_RESPONSE"), "ignored": signals}}
with open("@RECORD@", "w") as out: json.dump(record, out)
print("Starting session with SessionId: x", flush=True)
if "localPortNumber" in sys.argv[5]:
    print("Waiting for connections...", flush=True)
    time.sleep(30)
"""
Ended = Callable[[Popen[str], signal.Signals], int]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Install a stand-in of a version; gives where it writes what it saw."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    def install(version: str) -> Path:
        script, record = tmp_path / "bin" / "session-manager-plugin", tmp_path / "record.json"
        script.write_text(STAND_IN.replace("@VERSION@", version).replace("@RECORD@", str(record)))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return record

    return install


def seen(record: Path) -> Any:
    return json.loads(record.read_text())


def test_a_shell_goes_to_the_plugin_with_the_token_in_the_environment(
    deployer: Deployer, plugin: Callable[[str], Path]
) -> None:
    record = plugin("1.2.764.0")
    done = deployer("connect", "--reason", "TICKET-9", "--output", "json")
    assert done.code == 0 and done.result["client"] == "plugin", done.err
    variable, region, operation, profile, request, endpoint = seen(record)["argv"]
    assert (variable, region, operation) == ("AWS_SSM_START_SESSION_RESPONSE", "us-east-1", "StartSession")
    assert profile == "" and endpoint == os.environ["AWS_ENDPOINT_URL"]
    assert json.loads(request)["Target"] == deployer.instance and json.loads(request)["Reason"] == "TICKET-9"
    response = json.loads(seen(record)["response"])
    assert set(response) == {"SessionId", "TokenValue", "StreamUrl"}
    assert response["TokenValue"] not in " ".join(seen(record)["argv"]) + done.out + done.err
    assert not any(seen(record)["ignored"].values()), "the plugin must be able to hear what is typed"


def test_a_tunnel_of_the_plugin_runs_a_command_and_ends(deployer: Deployer, plugin: Callable[[str], Path]) -> None:
    record = plugin("1.2.814.0")
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", "exit 5")
    assert done.code == 5, done.err
    parameters = json.loads(seen(record)["argv"][4])["Parameters"]
    assert parameters["portNumber"] == ["3035"] and int(parameters["localPortNumber"][0]) > 0


def test_a_signal_ends_the_plugins_session(deployer: Deployer, plugin: Callable[[str], Path], ended: Ended) -> None:
    plugin("1.2.814.0")
    tunnel = deployer.start("connect", "-L", "0:localhost:3035")
    until_line(tunnel.stderr, "leads to")
    assert len(deployer.live()) == 1
    assert ended(tunnel, signal.SIGTERM) == 130


def test_keys_typed_while_the_plugin_is_in_front_do_not_end_us(
    deployer: Deployer, plugin: Callable[[str], Path], ended: Ended
) -> None:
    record = plugin("1.2.814.0")
    script = record.parent / "bin" / "session-manager-plugin"
    script.write_text(script.read_text().replace('if "localPortNumber"', 'if "Target"').replace("30)", "1)"))
    shell = deployer.start("connect")
    assert shell.stdout
    until_line(shell.stdout, "Waiting")
    assert ended(shell, signal.SIGINT) == 0


@pytest.mark.parametrize(("client", "code"), [("auto", 0), ("native", 0), ("plugin", 1)])
def test_an_old_plugin_is_passed_over_or_named(
    deployer: Deployer, plugin: Callable[[str], Path], client: str, code: int
) -> None:
    record = plugin("1.2.707.0")
    done = deployer("connect", "--client", client, "-L", "0:localhost:3035", "--exec", "true")
    assert done.code == code and not record.exists()
    if code:
        assert "is 1.2.707.0; 1.2.764.0 is the oldest that will work" in done.err


def test_a_missing_plugin_is_named_with_where_it_was_looked_for(deployer: Deployer) -> None:
    done = deployer("connect", "--client", "plugin")
    assert done.code == 1 and "no session-manager-plugin" in done.err and "PATH" in done.err


def test_an_address_the_plugin_cannot_listen_on_is_refused(deployer: Deployer, plugin: Callable[[str], Path]) -> None:
    plugin("1.2.814.0")
    assert deployer("connect", "--client", "plugin", "-L", "127.0.0.1:0:localhost:3035").code == 2
