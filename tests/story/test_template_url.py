"""up and upgrade --template-url: what was verified is what is sent; anything else is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from generator import __version__
from generator.gateway.cloudformation import CloudFormation
from generator.model.latest import Latest, latest_statement
from generator.model.signature import sha256_of
from generator.signing.bundle import sign_statement
from generator.template.emit import emit, wire
from tests.embedded import PLACE, Deployer
from tests.publishing.conftest import write_signed
from tests.signing.conftest import pair

SID = "StartSessionsOnThisInstance"
NEXT = wire().replace(f"DeployerVersion: {__version__}", "DeployerVersion: 9.0.0").replace(SID, f"{SID}Alone")


class Handler(SimpleHTTPRequestHandler):
    """Counts what is asked for; `after` may put other content in the place of what was read."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()
        if self.path.endswith(".wire.yaml"):
            (Path(self.directory) / self.path.lstrip("/")).write_text("Resources: {Other: {Type: AWS::SNS::Topic}}")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and its address. A template is swapped for another as soon as it was read."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "vendor.pub").write_text(pair("vendor").public_key.pem)
    for version, text in (("1.0.0", wire()), ("9.0.0", NEXT)):
        (tmp_path / version).mkdir()
        write_signed(tmp_path / version / "deepsql-stack.wire.yaml", text.encode())
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def point(folder: Path, version: str, days: int = 90, digest: str = "") -> None:
    digest = digest or sha256_of((folder / version / "deepsql-stack.wire.yaml").read_bytes())
    files = {f"{version}/deepsql-stack.wire.yaml": digest}
    latest = Latest(version, files, datetime.now(UTC).replace(microsecond=0) + timedelta(days=days))
    (folder / "latest.sigstore.json").write_text(sign_statement(latest_statement(latest), pair("vendor")))


def test_a_stack_is_made_of_the_bytes_that_were_verified(deployer: Deployer, site: tuple[Path, str]) -> None:
    folder, address = site
    url, key = f"{address}/1.0.0/deepsql-stack.wire.yaml", ("--key", str(folder / "vendor.pub"))
    made = deployer.up(*PLACE, "--template-url", url, *key)
    assert made.code == 0, made.err
    assert sha256_of(wire().encode()) in made.err and pair("vendor").public_key.key_id in made.err
    assert deployer.gateway.cloudformation.get_template(deployer.stack_name) == wire()
    assert Handler.asked.count("/1.0.0/deepsql-stack.wire.yaml") == 1, "no second read"
    write_signed(folder / "1.0.0" / "deepsql-stack.wire.yaml", wire().encode())
    again = deployer.up("--template-url", url, *key)
    assert again.code == 2 and "deployer upgrade --template-url" in again.err


def test_an_upgrade_takes_the_latest_and_never_an_older_one_again(deployer: Deployer, site: tuple[Path, str]) -> None:
    folder, address = site
    deployer.create()
    point(folder, "9.0.0")
    argv = ("--template-url", f"{address}/latest.sigstore.json", "--key", str(folder / "vendor.pub"))
    done = deployer.upgrade(*argv)
    assert done.code == 0, done.err
    assert "DeployerVersion: 9.0.0" in deployer.gateway.cloudformation.get_template(deployer.stack_name), done.err
    write_signed(folder / "9.0.0" / "deepsql-stack.wire.yaml", NEXT.encode())
    point(folder, "1.0.0")
    replayed = deployer.upgrade(*argv)
    assert replayed.code == 3 and "names version 1.0.0, and 9.0.0 was the latest before" in replayed.err
    point(folder, "9.0.0", days=-1)
    ended = deployer.upgrade(*argv)
    assert ended.code == 3 and "ended on" in ended.err
    point(folder, "9.0.0", digest="0" * 64)
    other = deployer.upgrade(*argv)
    assert other.code == 3 and "another digest" in other.err


@pytest.mark.parametrize("verb", ["up", "upgrade"])
def test_what_does_not_verify_changes_nothing(
    verb: str, deployer: Deployer, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    if verb == "upgrade":
        deployer.create()
    monkeypatch.setattr(CloudFormation, "create_change_set", None)
    path = folder / "1.0.0" / "deepsql-stack.wire.yaml"
    argv = (*(PLACE if verb == "up" else ()), "--template-url", f"{address}/1.0.0/{path.name}", "--yes")
    assert deployer(verb, *argv).code == 2, "nobody is trusted"
    path.write_text(wire().replace("Allow", "Alloy", 1))
    refused = deployer(verb, *argv, "--key", str(folder / "vendor.pub"))
    assert refused.code == 3 and "Not verified" in refused.err
    write_signed(path, b"# no template")
    refused = deployer(verb, *argv, "--key", str(folder / "vendor.pub"))
    assert refused.code == 2 and "is no template" in refused.err


def test_a_change_set_with_another_template_is_refused(
    deployer: Deployer, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    read = CloudFormation.get_template
    monkeypatch.setattr(
        CloudFormation, "get_template", lambda self, name, of="": read(self, name, of) + ("\n# more" if of else "")
    )
    url = f"{address}/1.0.0/deepsql-stack.wire.yaml"
    refused = deployer.up(*PLACE, "--template-url", url, "--key", str(folder / "vendor.pub"))
    assert refused.code == 3 and "the change set's template has the SHA-256" in refused.err
    assert deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None


def test_the_file_for_people_is_too_large_to_be_sent(deployer: Deployer, site: tuple[Path, str]) -> None:
    folder, address = site
    write_signed(folder / "deepsql-stack.yaml", emit().encode())
    url = f"{address}/deepsql-stack.yaml"
    refused = deployer.up(*PLACE, "--template-url", url, "--key", str(folder / "vendor.pub"))
    assert refused.code == 2 and "CloudFormation takes 51,200 in a call" in refused.err
