"""up and upgrade --template-url: what was verified is what is sent; anything else is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from generator import __version__
from generator.gateway.cloudformation import CloudFormation
from generator.gateway.s3 import S3
from generator.model.latest import Latest, latest_statement
from generator.model.signature import sha256_of
from generator.model.template_name import TemplateName
from generator.signing.bundle import sign_statement
from generator.template.emit import emit, emit_named, wire
from tests.embedded import PLACE, Deployer
from tests.publishing.conftest import write_signed
from tests.signing.conftest import pair

PLACE_OF_IT = "vendor/deepsql"
SID = "StartSessionsOnThisInstance"
NEXT = wire().replace(f"DeployerVersion: {__version__}", "DeployerVersion: 9.0.0").replace(SID, f"{SID}Alone")


class Handler(SimpleHTTPRequestHandler):
    """Counts what is asked for, and puts other content in the place of a template that was read."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        content = source.read()
        if self.path.endswith(".wire.yaml"):  # before the answer, so that no test writes the file meanwhile
            (Path(self.directory) / self.path.lstrip("/")).write_text("Resources: {Other: {Type: AWS::SNS::Topic}}")
        outputfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and its address. A template is swapped for another as soon as it was read."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / PLACE_OF_IT
    folder.mkdir(parents=True)
    (folder / "vendor.pub").write_text(pair("vendor").public_key.pem)
    for version, text in ((__version__, wire()), ("9.0.0", NEXT)):
        (folder / version).mkdir()
        write_signed(folder / version / "deepsql-stack.wire.yaml", text.encode())
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/{PLACE_OF_IT}"
        server.shutdown()
        thread.join()


def point(folder: Path, version: str, days: int = 90, digest: str = "") -> None:
    digest = digest or sha256_of((folder / version / "deepsql-stack.wire.yaml").read_bytes())
    files = {f"{version}/deepsql-stack.wire.yaml": digest}
    latest = Latest(version, files, datetime.now(UTC).replace(microsecond=0) + timedelta(days=days), PLACE_OF_IT)
    (folder / "latest.sigstore.json").write_text(sign_statement(latest_statement(latest), pair("vendor")))


def test_a_stack_is_made_of_the_bytes_that_were_verified(deployer: Deployer, site: tuple[Path, str]) -> None:
    folder, address = site
    url, key = f"{address}/{__version__}/deepsql-stack.wire.yaml", ("--key", str(folder / "vendor.pub"))
    made = deployer.up(*PLACE, "--template-url", url, *key)
    assert made.code == 0, made.err
    assert sha256_of(wire().encode()) in made.err and pair("vendor").public_key.key_id in made.err
    assert deployer.gateway.cloudformation.get_template(deployer.stack_name) == wire()
    assert Handler.asked.count(f"/{PLACE_OF_IT}/{__version__}/deepsql-stack.wire.yaml") == 1, "no second read"
    write_signed(folder / __version__ / "deepsql-stack.wire.yaml", wire().encode())
    again = deployer.up("--template-url", url, *key)
    assert again.code == 2 and "deployer upgrade --template-url" in again.err


def test_a_verified_template_that_is_not_ascii_is_known_again(deployer: Deployer, site: tuple[Path, str]) -> None:
    """CloudFormation gives back a question mark for what is outside ASCII."""
    folder, address = site
    foreign = wire().replace("cluster-... or db-...", "cluster-\u2026 or db-\u2026")
    write_signed(folder / __version__ / "deepsql-stack.wire.yaml", foreign.encode())
    url, key = f"{address}/{__version__}/deepsql-stack.wire.yaml", ("--key", str(folder / "vendor.pub"))
    made = deployer.up(*PLACE, "--template-url", url, *key)
    assert made.code == 0, made.err
    assert "cluster-? or db-?" in deployer.gateway.cloudformation.get_template(deployer.stack_name)


def test_an_upgrade_takes_the_latest_and_never_an_older_one_again(deployer: Deployer, site: tuple[Path, str]) -> None:
    folder, address = site
    deployer.create()
    point(folder, "9.0.0")
    argv = ("--template-url", f"{address}/latest.sigstore.json", "--key", str(folder / "vendor.pub"))
    done = deployer.upgrade(*argv)
    assert done.code == 0, done.err
    assert "DeployerVersion: 9.0.0" in deployer.gateway.cloudformation.get_template(deployer.stack_name), done.err
    write_signed(folder / "9.0.0" / "deepsql-stack.wire.yaml", NEXT.encode())
    point(folder, __version__)
    replayed = deployer.upgrade(*argv)
    assert replayed.code == 3 and f"names version {__version__}, and 9.0.0 was the latest before" in replayed.err
    point(folder, "9.0.0", days=-1)
    ended = deployer.upgrade(*argv)
    assert ended.code == 3 and "ended on" in ended.err
    point(folder, "9.0.0", digest="0" * 64)
    other = deployer.upgrade(*argv)
    assert other.code == 3 and "another digest" in other.err


def test_a_pointer_to_an_older_version_than_the_stack_s_is_refused_without_any_memory(
    deployer: Deployer, site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    trusted = ("--key", str(folder / "vendor.pub"))
    made = deployer.up(*PLACE, "--template-url", f"{address}/9.0.0/deepsql-stack.wire.yaml", *trusted)
    assert made.code == 0, made.err
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another computer"))
    point(folder, __version__)
    own = f"{address}/{__version__}/deepsql-stack.wire.yaml"
    for argv in (("--plan",), ("--yes",)):
        write_signed(folder / __version__ / "deepsql-stack.wire.yaml", wire().encode())
        refused = deployer("upgrade", *argv, "--template-url", f"{address}/latest.sigstore.json", *trusted)
        assert refused.code == 3 and f"names version {__version__}, and the stack" in refused.err, refused.err
        assert own in refused.err
    assert "DeployerVersion: 9.0.0" in deployer.gateway.cloudformation.get_template(deployer.stack_name)
    write_signed(folder / __version__ / "deepsql-stack.wire.yaml", wire().encode())
    back = deployer("upgrade", "--plan", "--template-url", own, *trusted)
    assert back.code == 0, "that version's own address is meant"


def test_both_digests_are_told_where_the_stack_s_own_instance_is_carried_over(
    published: Deployer, site: tuple[Path, str]
) -> None:
    folder, address = site
    url = f"{address}/9.0.0/deepsql-stack.wire.yaml"
    done = published.upgrade("--template-url", url, "--key", str(folder / "vendor.pub"))
    assert done.code == 0, done.err
    was, made = sha256_of(NEXT.encode()), published.gateway.cloudformation.get_template(published.stack_name)
    assert was != sha256_of(made.encode())
    assert f"of {url}: SHA-256 {was}" in done.err and f"made of it: SHA-256 {sha256_of(made.encode())}." in done.err


def test_the_way_back_to_an_older_version_is_told(deployer: Deployer, site: tuple[Path, str]) -> None:
    folder, address = site
    trusted = ("--key", str(folder / "vendor.pub"))
    first = deployer.up(*PLACE, "--template-url", f"{address}/9.0.0/deepsql-stack.wire.yaml", *trusted)
    assert first.code == 0 and "older template" not in first.err, first.err
    says = f"This is an older template than the stack's: {__version__}, and the stack has 9.0.0."
    write_signed(folder / "9.0.0" / "deepsql-stack.wire.yaml", NEXT.encode())
    for back, source in (
        (("--template-url", f"{address}/{__version__}/deepsql-stack.wire.yaml", *trusted), "the published template"),
        ((), "this version's template"),
    ):
        planned = deployer("upgrade", "--plan", *back)
        assert planned.code == 0 and says in planned.out and f"from {source}" in planned.out, planned.out
    same = deployer("upgrade", "--plan", "--template-url", f"{address}/9.0.0/deepsql-stack.wire.yaml", *trusted)
    assert same.code == 0 and "older template" not in same.out


def without_a_change(
    verb: str, version: str, deployer: Deployer, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, tuple[str, ...], tuple[str, ...]]:
    """Where that version's template lies, the words that take it from there, and those that trust the vendor's key.

    A stack is there for `upgrade`, and whoever makes a change set fails.
    """
    folder, address = site
    if verb == "upgrade":
        deployer.create()
    monkeypatch.setattr(CloudFormation, "create_change_set", None)
    path = folder / version / "deepsql-stack.wire.yaml"
    argv = (*(PLACE if verb == "up" else ()), "--template-url", f"{address}/{version}/{path.name}", "--yes")
    return path, argv, ("--key", str(folder / "vendor.pub"))


@pytest.mark.parametrize("verb", ["up", "upgrade"])
def test_what_does_not_verify_changes_nothing(
    verb: str, deployer: Deployer, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, argv, trusted = without_a_change(verb, __version__, deployer, site, monkeypatch)
    assert deployer(verb, *argv).code == 2, "nobody is trusted"
    path.write_text(wire().replace("Allow", "Alloy", 1))
    refused = deployer(verb, *argv, *trusted)
    assert refused.code == 3 and "Not verified" in refused.err
    write_signed(path, b"# no template")
    refused = deployer(verb, *argv, *trusted)
    assert refused.code == 2 and "is no template" in refused.err


@pytest.mark.parametrize("verb", ["up", "upgrade"])
def test_a_signed_file_in_the_place_of_another_changes_nothing(
    verb: str, deployer: Deployer, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older version where a newer one should be, another of the templates, and the changelog."""
    place, argv, trusted = without_a_change(verb, "9.0.0", deployer, site, monkeypatch)
    write_signed(place, wire().encode())
    refused = deployer(verb, *argv, *trusted)
    assert refused.code == 3 and f"9.0.0/{place.name} is of version {__version__}." in refused.err
    for other in (emit_named(TemplateName.ENGINEERS), emit_named(TemplateName.VPC_ENDPOINTS), "# Changelog\n"):
        write_signed(place, other.encode())
        refused = deployer(verb, *argv, *trusted)
        assert refused.code == 2 and "is no template of this product's stack." in refused.err


def test_an_object_that_is_swapped_in_the_customer_s_bucket_is_refused(
    deployer: Deployer, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too large to be sent goes through a bucket, from which CloudFormation reads it anew."""
    folder, address = site
    write_signed(folder / "deepsql-stack.yaml", emit().encode())
    deployer.gateway.client("s3").create_bucket(Bucket="customers-templates")
    url = ("--template-url", f"{address}/deepsql-stack.yaml", "--key", str(folder / "vendor.pub"))
    put = S3.put_template
    with monkeypatch.context() as patch:
        patch.setattr(S3, "put_template", lambda self, bucket, key, body: put(self, bucket, key, body + "# more"))
        refused = deployer.up(*PLACE, *url, "--s3-bucket", "customers-templates")
    assert refused.code == 3 and "the change set's template has the SHA-256" in refused.err, refused.err
    assert deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None
    made = deployer.up(*PLACE, *url, "--s3-bucket", "customers-templates")
    assert made.code == 0 and f"SHA-256 {sha256_of(emit().encode())}" in made.err, made.err


def test_a_change_set_with_another_template_is_refused(
    deployer: Deployer, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    read = CloudFormation.get_template
    monkeypatch.setattr(
        CloudFormation, "get_template", lambda self, name, of="": read(self, name, of) + ("\n# more" if of else "")
    )
    url = f"{address}/{__version__}/deepsql-stack.wire.yaml"
    refused = deployer.up(*PLACE, "--template-url", url, "--key", str(folder / "vendor.pub"))
    assert refused.code == 3 and "the change set's template has the SHA-256" in refused.err
    assert deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None


def test_the_file_for_people_is_too_large_to_be_sent(deployer: Deployer, site: tuple[Path, str]) -> None:
    folder, address = site
    write_signed(folder / "deepsql-stack.yaml", emit().encode())
    url = f"{address}/deepsql-stack.yaml"
    refused = deployer.up(*PLACE, "--template-url", url, "--key", str(folder / "vendor.pub"))
    assert refused.code == 2 and "CloudFormation takes 51,200 in a call" in refused.err
