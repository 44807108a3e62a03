"""verify of the pointer to the latest version: what it says, and an ended, an older or a changed one is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from generator import __version__
from generator.model.latest import Latest, latest_statement
from generator.model.provenance import provenance
from generator.model.signature import sha256_of
from generator.signing.bundle import sign_statement
from tests.embedded import run
from tests.signing.conftest import pair

KEY = ("--key", "vendor.pub")
NAME = "latest.sigstore.json"
AT = "vendor/deepsql/"
FILES = {"9.0.0/deepsql-stack.wire.yaml": "a" * 64}


def point(
    folder: Path, version: str, days: int = 90, name: str = NAME, signer: str = "vendor", of: str = AT.strip("/")
) -> datetime:
    """A pointer at its place; `of` is the place that it names."""
    latest = Latest(version, FILES, datetime.now(UTC).replace(microsecond=0) + timedelta(days=days), of)
    (folder / AT).mkdir(parents=True, exist_ok=True)
    (folder / AT / name).write_text(sign_statement(latest_statement(latest), pair(signer)))
    return latest.expires


@pytest.fixture(params=["file", "address"])
def place(request: pytest.FixtureRequest, folder: Path) -> str:
    return AT if request.param == "file" else f"{request.getfixturevalue('address')}/{AT}"


@pytest.mark.parametrize("name", [NAME, "fetched.json"])
def test_it_says_which_version_with_which_digests_until_when(name: str, place: str, folder: Path) -> None:
    end = point(folder, "9.0.0", name=name)
    done = run("verify", f"{place}{name}", *KEY)
    assert done.code == 0, done.err
    for text in ("is verified: pointer.", "9.0.0", f"{end:%Y-%m-%dT%H:%M:%SZ}", *FILES, *FILES.values()):
        assert text in done.out, done.out
    assert run("verify", f"{place}{name}", *KEY, "--output", "json").result == {
        "file": f"{place}{name}",
        "sha256": sha256_of((folder / AT / name).read_bytes()),
        "key_id": pair("vendor").public_key.key_id,
        "kind": "pointer",
        "version": "9.0.0",
        "says": "",
        "name": "",
        "source": "",
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


def test_an_older_one_is_the_same_place_by_another_query(folder: Path, address: str) -> None:
    point(folder, "1.10.0")
    assert run("verify", f"{address}/{AT}{NAME}?versionId=2", *KEY).code == 0
    point(folder, "1.9.0")
    for more in ("", "?versionId=1", "#x"):
        done = run("verify", f"{address}/{AT}{NAME}{more}", *KEY)
        assert (done.code, "1.10.0 was the latest before" in done.err) == (3, True), done.err


@pytest.mark.parametrize("version", ["", "newest", "1.x", "1..2", "1.", "9" * 5000, "../1.0.0"])
def test_one_that_names_no_version_is_refused(folder: Path, version: str) -> None:
    point(folder, version)
    done = run("verify", AT + NAME, *KEY)
    assert done.code == 3 and "names no version" in done.err


def test_one_that_has_ended_is_refused_and_not_remembered(place: str, folder: Path) -> None:
    point(folder, "2.0.0", days=-1)
    done = run("verify", f"{place}{NAME}", *KEY)
    assert done.code == 3 and "version 2.0.0 ended on" in done.err
    point(folder, "1.0.0")
    assert run("verify", f"{place}{NAME}", *KEY).code == 0


@pytest.mark.parametrize("of", ["vendor/deepsql-beta", "vendor/deepsql/beta", "beta/deepsql", "deepsql", "vendor", ""])
def test_one_of_another_channel_is_refused_at_this_one_s_address(of: str, folder: Path, address: str) -> None:
    point(folder, "9.0.0", of=of)
    done = run("verify", f"{address}/{AT}{NAME}", *KEY)
    assert done.code == 3 and f"the pointer is of {of or 'no place'}" in done.err, done.err
    point(folder, "1.0.0")
    assert run("verify", f"{address}/{AT}{NAME}", *KEY).code == 0, "and is not remembered"


@pytest.mark.parametrize("version", ["0.0.9", "0.1", "0"])
def test_one_that_is_older_than_this_program_is_refused_without_any_memory(
    version: str, place: str, folder: Path
) -> None:
    point(folder, version)
    done = run("verify", f"{place}{NAME}", *KEY)
    assert done.code == 3 and f"names version {version}, and this program is of {__version__}" in done.err, done.err
    assert f"{version}/deepsql-stack.wire.yaml" in done.err
    point(folder, __version__)
    assert run("verify", f"{place}{NAME}", *KEY).code == 0


def test_what_a_withdrawn_key_named_shuts_nobody_out(folder: Path) -> None:
    (folder / "another.pub").write_text(pair("another").public_key.pem)
    another, both = ("--key", "another.pub"), (*KEY, "--key", "another.pub")
    point(folder, "9999.0.0")
    assert run("verify", AT + NAME, *KEY).code == 0
    point(folder, "2.0.0", signer="another")
    assert run("verify", AT + NAME, *both).code == 3, "what a trusted key named counts, whichever signs"
    assert run("verify", AT + NAME, *another).code == 0
    point(folder, "1.0.0", signer="another")
    done = run("verify", AT + NAME, *another)
    assert done.code == 3 and "2.0.0 was the latest before" in done.err
    point(folder, "9998.0.0")
    assert run("verify", AT + NAME, *KEY).code == 3, "the other key's is remembered beside it"


def test_what_an_earlier_program_remembered_of_no_key_counts(own_home: Path, folder: Path) -> None:
    memory = own_home / "deployer" / "published" / "latest.json"
    point(folder, "2.0.0")
    assert run("verify", AT + NAME, *KEY).code == 0
    [place] = json.loads(memory.read_text())
    memory.write_text(json.dumps({place: "3.0.0"}))
    done = run("verify", AT + NAME, *KEY)
    assert done.code == 3 and "3.0.0 was the latest before" in done.err, done.err
    point(folder, "3.0.0")
    assert run("verify", AT + NAME, *KEY).code == 0
    assert json.loads(memory.read_text())[place][pair("vendor").public_key.key_id] == "3.0.0"


@pytest.mark.parametrize("seen", ["1..2", "1.", "9" * 5000, "x", 7, None, [], {"a": 1}, {"": "1.."}])
def test_a_memory_that_names_no_version_is_as_if_there_were_none(seen: object, own_home: Path, folder: Path) -> None:
    memory = own_home / "deployer" / "published" / "latest.json"
    point(folder, "9.0.0")
    assert run("verify", AT + NAME, *KEY).code == 0
    memory.write_text(json.dumps(dict.fromkeys(json.loads(memory.read_text()), seen)))
    done = run("verify", AT + NAME, *KEY)
    assert done.code == 0, done.err
    assert "9.0.0" in memory.read_text(), "and it is written anew"


def changed(folder: Path, what: str) -> None:
    path = folder / AT / NAME
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
    point(folder, "9.0.0")
    (folder / AT / NAME).write_text(sign_statement(provenance("1.0.0", FILES), pair("vendor")))
    done = run("verify", AT + NAME, *KEY)
    assert done.code == 3 and "is no pointer" in done.err and "deployer verify FILE" in done.err
