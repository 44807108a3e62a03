"""verify: a signed file counts only where its signer put it, and an old or another one in its place is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.model.provenance import provenance
from generator.model.signature import Statement, sha256_of
from generator.model.template_name import TemplateName
from generator.signing.bundle import sign_content, sign_statement
from generator.template.emit import emit_named, wire
from tests.embedded import run
from tests.publishing.conftest import write_signed
from tests.signing.conftest import pair

KEY = ("--key", "vendor.pub")
PROVENANCE = ".provenance.sigstore.json"
ENGINEERS = "deepsql-engineers.yaml"


def published(folder: Path, version: str) -> dict[str, bytes]:
    """What `publish` puts below the folder of one version: two templates, the sums, and one statement about all."""
    made = folder / version
    made.mkdir()
    content = {
        "deepsql-stack.wire.yaml": wire().encode(),
        ENGINEERS: f"# {version}\n{emit_named(TemplateName.ENGINEERS)}".encode(),
        "deepsql-vpc-endpoints.yaml": f"# {version}\n{emit_named(TemplateName.VPC_ENDPOINTS)}".encode(),
        "SHA256SUMS": f"{version}\n".encode(),
    }
    stated = sign_statement(provenance(version, {name: sha256_of(of) for name, of in content.items()}), pair("vendor"))
    for name, of in content.items():
        (made / name).write_bytes(of)
        (made / f"{name}.sigstore.json").write_text(sign_content(of, pair("vendor"))[0])
        (made / f"{name}{PROVENANCE}").write_text(stated)
    return content


@pytest.fixture
def versions(folder: Path) -> Path:
    for version in ("1.0.0", "2.0.0"):
        published(folder, version)
    return folder


def put(folder: Path, source: str, target: str, *suffixes: str) -> None:
    for suffix in suffixes:
        (folder / f"{target}{suffix}").write_bytes((folder / f"{source}{suffix}").read_bytes())


ALL = ("", ".sigstore.json", PROVENANCE)


@pytest.mark.parametrize("name", [ENGINEERS, "deepsql-vpc-endpoints.yaml", "SHA256SUMS"])
def test_each_file_of_a_version_verifies_in_its_place(name: str, versions: Path, address: str) -> None:
    for version in ("1.0.0", "2.0.0"):
        done = run("verify", f"{address}/{version}/{name}", *KEY, "--output", "json")
        assert done.code == 0, done.err
        assert (done.result["version"], done.result["name"]) == (version, name)


@pytest.mark.parametrize("name", [ENGINEERS, "deepsql-vpc-endpoints.yaml", "SHA256SUMS"])
def test_an_older_version_in_the_place_of_a_newer_is_refused(name: str, versions: Path, address: str) -> None:
    put(versions, f"1.0.0/{name}", f"2.0.0/{name}", *ALL)
    for more in ("", "?versionId=7"):
        done = run("verify", f"{address}/2.0.0/{name}{more}", *KEY)
        assert (done.code, done.out) == (3, "") and f"2.0.0/{name} is of version 1.0.0." in done.err, done.err


@pytest.mark.parametrize("name", [ENGINEERS, "SHA256SUMS"])
def test_a_provenance_that_is_withheld_is_missed(name: str, versions: Path, address: str) -> None:
    put(versions, f"1.0.0/{name}", f"2.0.0/{name}", "", ".sigstore.json")
    (versions / f"2.0.0/{name}{PROVENANCE}").unlink()
    for argv in ((), ("--bundle", f"2.0.0/{name}.sigstore.json")):
        done = run("verify", f"{address}/2.0.0/{name}", *KEY, *argv)
        assert done.code == 3 and "there is no provenance beside" in done.err, done.err
    named = ("--bundle", f"1.0.0/{name}{PROVENANCE}")
    done = run("verify", f"{address}/2.0.0/{name}", *KEY, *named)
    assert done.code == 3 and "is of version 1.0.0" in done.err, "one that is named is no way round"
    assert run("verify", f"2.0.0/{name}", *KEY).code == 0, "a file on this computer needs none"


@pytest.mark.parametrize("name", [ENGINEERS, "deepsql-vpc-endpoints.yaml"])
def test_another_file_of_the_same_version_is_refused(name: str, versions: Path, address: str) -> None:
    put(versions, "2.0.0/SHA256SUMS", f"2.0.0/{name}", *ALL)
    put(versions, "2.0.0/SHA256SUMS", "2.0.0/unlisted.yaml", *ALL)
    for each in (name, "unlisted.yaml"):
        done = run("verify", f"{address}/2.0.0/{each}", *KEY)
        assert done.code == 3 and "is another file of its version" in done.err, done.err


def test_a_provenance_of_another_kind_names_no_version(versions: Path, address: str) -> None:
    content = (versions / "2.0.0" / ENGINEERS).read_bytes()
    ours = provenance("2.0.0", {ENGINEERS: sha256_of(content)})
    for predicate in ({}, {**ours.predicate, "buildDefinition": {"buildType": "x"}}):
        stated = sign_statement(Statement(ours.predicate_type, ours.subjects, predicate), pair("vendor"))
        (versions / "2.0.0" / f"{ENGINEERS}{PROVENANCE}").write_text(stated)
        done = run("verify", f"{address}/2.0.0/{ENGINEERS}", *KEY)
        assert done.code == 3 and "is of version no number" in done.err, done.err


def test_what_a_template_says_is_held_against_the_address_and_the_provenance(versions: Path, address: str) -> None:
    name = "deepsql-stack.wire.yaml"
    done = run("verify", f"{address}/2.0.0/{name}", *KEY)
    assert done.code == 3 and f"2.0.0/{name} is of version 0." in done.err, "its Metadata says another version"
    done = run("verify", f"2.0.0/{name}", *KEY)
    assert done.code == 3 and "its provenance that it is of 2.0.0" in done.err, done.err


def test_a_file_here_is_shown_under_its_published_name_and_may_not_bear_another(versions: Path) -> None:
    put(versions, f"2.0.0/{ENGINEERS}", "mine.yaml", *ALL)
    done = run("verify", "mine.yaml", *KEY)
    assert done.code == 0 and f"published as  {ENGINEERS}" in done.out and "2.0.0" in done.out, done.out
    put(versions, f"2.0.0/{ENGINEERS}", "deepsql-vpc-endpoints.yaml", *ALL)
    for argv in ((), ("--bundle", f"2.0.0/{ENGINEERS}{PROVENANCE}")):
        done = run("verify", "deepsql-vpc-endpoints.yaml", *KEY, *argv)
        assert done.code == 3 and "is another file of its version" in done.err, done.err


def test_a_mirror_without_folders_of_versions_needs_no_provenance(folder: Path, address: str) -> None:
    for place in ("latest", "2024", "v1.0"):
        (folder / place).mkdir()
        write_signed(folder / place / "t.yaml", b"Resources: {}")
        assert run("verify", f"{address}/{place}/t.yaml", *KEY).code == 0
        (folder / place / f"t.yaml{PROVENANCE}").unlink()
        assert run("verify", f"{address}/{place}/t.yaml", *KEY).code == 0
