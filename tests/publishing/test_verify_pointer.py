"""verify of the pointer to the latest version: what it says, and an ended, an older or a changed one is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from generator.model.latest import Latest, latest_statement
from generator.model.provenance import provenance
from generator.model.signature import sha256_of
from generator.signing.bundle import sign_statement
from tests.embedded import run
from tests.signing.conftest import pair

KEY = ("--key", "vendor.pub")
NAME = "latest.sigstore.json"
FILES = {"9.0.0/deepsql-stack.wire.yaml": "a" * 64}


def point(folder: Path, version: str, days: int = 90, name: str = NAME, signer: str = "vendor") -> datetime:
    latest = Latest(version, FILES, datetime.now(UTC).replace(microsecond=0) + timedelta(days=days))
    (folder / name).write_text(sign_statement(latest_statement(latest), pair(signer)))
    return latest.expires


@pytest.fixture(params=["file", "address"])
def place(request: pytest.FixtureRequest, folder: Path) -> str:
    return "" if request.param == "file" else f"{request.getfixturevalue('address')}/"


@pytest.mark.parametrize("name", [NAME, "fetched.json"])
def test_it_says_which_version_with_which_digests_until_when(name: str, place: str, folder: Path) -> None:
    end = point(folder, "9.0.0", name=name)
    done = run("verify", f"{place}{name}", *KEY)
    assert done.code == 0, done.err
    for text in ("is verified: pointer.", "9.0.0", f"{end:%Y-%m-%dT%H:%M:%SZ}", *FILES, *FILES.values()):
        assert text in done.out, done.out
    assert run("verify", f"{place}{name}", *KEY, "--output", "json").result == {
        "file": f"{place}{name}",
        "sha256": sha256_of((folder / name).read_bytes()),
        "key_id": pair("vendor").public_key.key_id,
        "kind": "pointer",
        "version": "9.0.0",
        "says": "",
        "expires": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "files": FILES,
    }


def test_an_older_one_than_was_seen_is_refused_and_the_same_one_is_not(place: str, folder: Path) -> None:
    for version in ("1.9.0", "1.10.0", "1.10.0"):
        point(folder, version)
        assert run("verify", f"{place}{NAME}", *KEY).code == 0
    point(folder, "1.9.0")
    done = run("verify", f"{place}{NAME}", *KEY)
    assert (done.code, done.out) == (3, "") and "names version 1.9.0, and 1.10.0 was the latest before" in done.err
    point(folder, "1.9.0", name="another.json")
    assert run("verify", f"{place}another.json", *KEY).code == 0, "seen at another address"


def test_one_that_has_ended_is_refused_and_not_remembered(place: str, folder: Path) -> None:
    point(folder, "2.0.0", days=-1)
    done = run("verify", f"{place}{NAME}", *KEY)
    assert done.code == 3 and "version 2.0.0 ended on" in done.err
    point(folder, "1.0.0")
    assert run("verify", f"{place}{NAME}", *KEY).code == 0


def changed(folder: Path, what: str) -> None:
    path = folder / NAME
    whole = json.loads(path.read_text())
    if what == "with a key of its own":
        whole["verificationMaterial"]["publicKey"]["rawBytes"] = "AAAA"
    if what == "of another payload":
        whole["dsseEnvelope"]["payload"] = whole["dsseEnvelope"]["payload"].replace("A", "B", 1)
    path.write_text(json.dumps(whole)[: -40 if what == "truncated" else None])
    if what == "of another key":
        point(folder, "9.0.0", signer="another")


@pytest.mark.parametrize("what", ["with a key of its own", "of another payload", "truncated", "of another key"])
def test_one_that_was_changed_is_refused(what: str, place: str, folder: Path) -> None:
    point(folder, "9.0.0")
    changed(folder, what)
    done = run("verify", f"{place}{NAME}", *KEY)
    assert (done.code, done.out) == (3, "") and done.err.startswith("error: Not verified: ")
    assert "beside the file" not in done.err


def test_another_statement_is_no_pointer(folder: Path) -> None:
    (folder / NAME).write_text(sign_statement(provenance("1.0.0", "stack", FILES), pair("vendor")))
    done = run("verify", NAME, *KEY)
    assert done.code == 3 and "is no pointer" in done.err and "deployer verify FILE" in done.err
