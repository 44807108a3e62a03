"""The script of a new instance, run here with stand-ins for aws and curl."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.template.rendered import CLI_CREATES, ours

PASSWORD = "correct-horse-battery"
HOSTILE = r"""a'b"c$(id)\&/.*[x]`w`%s ${HOME} #"""
INSTALLER = """#!/bin/bash
printf '%s' "$DEEPSQL_INITIAL_ADMIN_PASSWORD" > "$WORK/seen-password"
echo -n "$DEEPSQL_INITIAL_ADMIN_EMAIL $DEEPSQL_SELF_HOST_REF $DEEPSQL_INSTALL_DOCKER" > "$WORK/seen"
password=$DEEPSQL_INITIAL_ADMIN_PASSWORD
printf '  Password  \\033[36m%s\\033[0m, again %s\\n' "$password" "$password"
echo installed, and complaining >&2
exit "${INSTALLER_EXIT:-0}"
"""
AWS = """#!/bin/bash
echo "$*" >> "$WORK/calls"
case "$1 $2" in
  "ssm get-parameter") cat "$WORK/settings" ;;
  "secretsmanager get-secret-value") cat "$WORK/password"; echo ;;
esac
"""
CURL = """#!/bin/bash
echo "curl $*" >> "$WORK/calls"
case "${@: -1}" in
  http://127.0.0.1:3035) exit "${UI_EXIT:-0}" ;;
  *) cp "$WORK/installer" "$3" ;;
esac
"""


def script(**given: str) -> str:
    return str(ours(**CLI_CREATES | given).properties("Instance")["UserData"])


@dataclass
class Host:
    """A directory that plays the instance."""

    work: Path
    console: str = "console"

    def run(self, *, password: str = PASSWORD, version: str = "", sha256: str = "", **env: str) -> int:
        self.file(
            "settings", f"email=ops@example.com\nsource=https://x.example/i\nversion={version}\nsha256={sha256}\n"
        )
        self.file("password", password)
        self.file("installer", INSTALLER)
        self.file("instance-id", "i-0a1b2c3d4e5f60718\n")
        for name, text in (("aws", AWS), ("curl", CURL), ("sleep", "#!/bin/bash\n")):
            self.file(f"bin/{name}", text).chmod(0o755)
        text = script()
        for there, here in (
            ("/var/log/deepsql-install.log", "log"),
            ("/dev/console", self.console),
            ("/var/lib/cloud/data/instance-id", "instance-id"),
            ("/root/deepsql-installer", "fetched"),
        ):
            assert there in text
            text = text.replace(there, str(self.work / here))
        path = f"{self.work / 'bin'}:{os.environ['PATH']}"
        variables = {"PATH": path, "WORK": str(self.work), **env}
        return subprocess.run(
            ["bash", str(self.file("script", text))], env=variables, timeout=30, check=False
        ).returncode

    def file(self, name: str, text: str) -> Path:
        path = self.work / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def read(self, name: str) -> str:
        path = self.work / name
        return path.read_text() if path.exists() else ""

    def signals(self) -> list[str]:
        return [line.split()[-1] for line in self.read("calls").splitlines() if "signal-resource" in line]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_installer_comes_by_https_after_a_redirect_too(host: Host) -> None:
    assert host.run() == 0
    (fetched,) = (line for line in host.read("calls").splitlines() if line.startswith("curl") and "x.example" in line)
    assert "--proto =https" in fetched, "else -L follows the vendor's server to plain http, and root runs what comes"


def test_the_script_is_bash() -> None:
    subprocess.run(["bash", "-n"], input=script(), text=True, check=True)


def test_the_script_holds_nothing_a_user_typed() -> None:
    typed = {
        "AdminEmail": "given@example.com",
        "AdminPassword": "given-password-1",
        "InstanceName": "given-name",
        "InstallerSource": "https://given.example/",
        "InstallerVersion": "given-version",
        "SupportUserName": "given-user",
    }
    assert "given" not in script(**typed)
    assert script(**typed) == script()


def test_a_good_installation_is_signalled(host: Host) -> None:
    assert host.run(version="v1.2.3") == 0
    assert host.signals() == ["SUCCESS"]
    assert host.read("seen") == "ops@example.com v1.2.3 true"
    assert "--unique-id i-0a1b2c3d4e5f60718" in host.read("calls")


@pytest.mark.parametrize("password", [PASSWORD, HOSTILE, "*" * 12, "*" * 13])
def test_the_password_reaches_the_installer_and_no_log(host: Host, password: str) -> None:
    assert host.run(password=password) == 0
    assert host.read("seen-password") == password
    assert password not in host.read("log")
    assert password not in host.read("calls") + host.read("console")
    assert "********" in host.read("log")
    assert "installed, and complaining" in host.read("log")


def test_an_installer_with_the_right_checksum_runs(host: Host) -> None:
    assert host.run(sha256=hashlib.sha256(INSTALLER.encode()).hexdigest()) == 0
    assert host.signals() == ["SUCCESS"]


@pytest.mark.parametrize(
    ("step", "given"),
    [
        ("checksum", {"sha256": "0" * 64}),
        ("install", {"INSTALLER_EXIT": "3"}),
        ("answer", {"UI_EXIT": "7"}),
    ],
)
def test_a_failure_names_its_step_and_is_signalled(host: Host, step: str, given: dict[str, str]) -> None:
    assert host.run(**given) != 0
    assert host.signals() == ["FAILURE"]
    assert f"step '{step}' failed" in host.read("console")
    assert PASSWORD not in host.read("log") + host.read("console")
    assert bool(host.read("seen")) == (step != "checksum")


def test_a_console_that_cannot_be_written_hides_no_failure(host: Host) -> None:
    host.console = "missing/console"
    assert host.run(INSTALLER_EXIT="3") == 3
    assert host.signals() == ["FAILURE"]
