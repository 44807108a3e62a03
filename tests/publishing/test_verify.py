"""verify: what a trusted key signed is described, and everything else is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from generator import __version__
from generator.signing.bundle import sha256_of, sign_content
from tests.embedded import run
from tests.publishing.conftest import VERSION, write_signed
from tests.signing.conftest import pair

KEY = ("--key", "vendor.pub")


@pytest.fixture(params=["file", "address"])
def source(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "file":
        return "t.yaml"
    return f"{request.getfixturevalue('address')}/t.yaml"


def test_a_verified_template_is_described(source: str, folder: Path) -> None:
    done = run("verify", source, *KEY)
    assert done.code == 0, done.err
    digest, key_id = sha256_of((folder / "t.yaml").read_bytes()), pair("vendor").public_key.key_id
    for text in (digest, key_id, __version__, f"deployer {VERSION} made it, as the template stack"):
        assert text in done.out, done.out
    assert run("verify", source, *KEY, "--output", "json").result == {
        "file": source,
        "sha256": digest,
        "key_id": key_id,
        "kind": "template",
        "version": __version__,
        "says": f"deployer {VERSION} made it, as the template stack",
    }


def change(name: str, changing: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        path.write_bytes(changing(path.read_bytes()))

    return apply


SIGNATURE, PROVENANCE = "t.yaml.sigstore.json", "t.yaml.provenance.sigstore.json"
CHANGES: dict[str, Callable[[Path], None]] = {
    "one byte of the template": change("t.yaml", lambda content: content.replace(b"Allow", b"Alloy", 1)),
    "a byte more": change("t.yaml", lambda content: content + b"\n"),
    "the signature truncated": change(SIGNATURE, lambda content: content[:-40]),
    "the signature empty": change(SIGNATURE, lambda content: b""),
    "the signature junk": change(SIGNATURE, lambda content: b"\xff\x00junk"),
    "the signature of another key": lambda folder: write_signed(folder / "t.yaml", b"x", "another"),
    "no signature": lambda folder: (folder / SIGNATURE).unlink(),
    "the provenance truncated": change(PROVENANCE, lambda content: content[:-40]),
    "the provenance of another file": lambda folder: (
        write_signed(folder / "o.yaml", b"x"),
        (folder / "o.yaml.provenance.sigstore.json").replace(folder / PROVENANCE),
    )[0],
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_is_refused(name: str, source: str, folder: Path) -> None:
    CHANGES[name](folder)
    done = run("verify", source, *KEY)
    assert (done.code, done.out) == (3, ""), done.err
    assert done.err.startswith("error: Not verified: ") and "next: " in done.err
    assert done.err.count(". ") <= 2, "one sentence, and the next step"


def test_a_file_may_be_verified_with_a_bundle_that_is_named(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    for name in (SIGNATURE, PROVENANCE):
        (folder / name).replace(folder / "elsewhere" / name)
        done = run("verify", "t.yaml", *KEY, "--bundle", f"elsewhere/{name}")
        assert done.code == 0 and ("signer says" in done.out) == (name == PROVENANCE)
    assert run("verify", "t.yaml", *KEY, "--bundle", "vendor.pub").code == 3
    assert run("verify", "t.yaml", *KEY, "--bundle", "nothing").code == 4


def test_no_key_is_trusted_unless_somebody_says_so(folder: Path, shipped: Path) -> None:
    nobody = run("verify", "t.yaml")
    assert (nobody.code, nobody.err.splitlines()[0]) == (
        2,
        "error: No key is trusted: this build of deployer has no public key of the vendor's.",
    )
    (shipped / "another.pub").write_text(pair("another").public_key.pem)
    assert run("verify", "t.yaml").code == 3
    (shipped / "vendor.pub").write_text(pair("vendor").public_key.pem)
    assert run("verify", "t.yaml").code == 0, "two keys are trusted at once"


def test_the_source_ships_no_key() -> None:
    from generator.operations.publishing.keys import shipped_files

    assert shipped_files() == []


def test_pinned_keys_take_the_place_of_the_shipped_ones_and_named_keys_that_of_both(
    folder: Path, shipped: Path
) -> None:
    (shipped / "vendor.pub").write_text(pair("vendor").public_key.pem)
    (folder / "another.pub").write_text(pair("another").public_key.pem)
    assert run("config", "set", "trusted-keys", str(folder / "another.pub")).code == 0
    assert run("verify", "t.yaml").code == 3
    assert run("verify", "t.yaml", *KEY).code == 0
    pinned = f"{folder / 'another.pub'}, {folder / 'vendor.pub'}"
    assert run("config", "set", "trusted-keys", pinned).code == 0 and run("verify", "t.yaml").code == 0


def test_a_project_cannot_say_whom_to_trust(folder: Path) -> None:
    (folder / ".deployer.toml").write_text('trusted-keys = "vendor.pub"\n')
    done = run("verify", "t.yaml")
    assert done.code == 1 and "trusted-keys" in done.err and "vendor.pub" not in done.out


def test_a_pin_names_its_files_wherever_it_is_used(folder: Path) -> None:
    done = run("config", "set", "trusted-keys", "vendor.pub")
    assert done.code == 2 and "absolute paths" in done.err


def test_a_key_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR", pair("vendor").public_key.pem)
    assert run("verify", "t.yaml", "--key", "env://VENDOR").code == 0
    assert run("verify", "t.yaml", "--key", "env://NOBODY").code == 2


REPORT = {"stack_name": "s", "evidence": [], "verdict": "proven"}


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (json.dumps(REPORT), "report", "the revocation on the stack s: proven"),
        ("# Changelog\n\n* a: b: c\n", "file", ""),
        ("{", "file", ""),
        ("\0", "file", ""),
        ("", "file", ""),
    ],
)
def test_what_is_no_template_is_verified_as_what_it_is(folder: Path, content: str, kind: str, says: str) -> None:
    (folder / "f").write_text(content)
    (folder / "f.sigstore.json").write_text(sign_content(content.encode(), pair("vendor"))[0])
    done = run("verify", "f", *KEY, "--output", "json")
    assert done.code == 0 and (done.result["kind"], done.result["says"]) == (kind, says)


def test_a_statement_of_another_type_says_nothing_of_a_template(folder: Path) -> None:
    from generator.model.signature import Statement
    from generator.signing.bundle import sign_statement

    digest = sha256_of((folder / "t.yaml").read_bytes())
    other = Statement("https://example.com/review/v1", {"t.yaml": digest})
    (folder / "b").write_text(sign_statement(other, pair("vendor")))
    done = run("verify", "t.yaml", *KEY, "--bundle", "b")
    assert done.code == 3 and "https://example.com/review/v1" in done.err


@pytest.mark.parametrize(
    ("source", "code", "says"),
    [
        ("nothing", 4, "There is no file nothing."),
        (".", 1, "could not be used"),
        ("ftp://example.com/t.yaml", 2, "is not an https address"),
        ("http://example.com/t.yaml", 2, "is not an https address"),
        ("https://127.0.0.1:1/t.yaml", 1, "could not be fetched"),
        ("https://127.0.0.1:x/t.yaml", 1, "could not be fetched"),
        ("https://127.0.0.1/a b", 1, "could not be fetched"),
        ("https://[/t.yaml", 2, "is not an https address"),
    ],
)
def test_what_cannot_be_read_is_named(folder: Path, source: str, code: int, says: str) -> None:
    done = run("verify", source, *KEY)
    assert (done.code, says in done.err) == (code, True), done.err


def test_a_file_that_is_too_long_is_not_read_whole(folder: Path, address: str) -> None:
    (folder / "big").write_bytes(bytes(1024 * 1024 + 1))
    for source in ("big", f"{address}/big"):
        done = run("verify", source, *KEY)
        assert done.code == 2 and "has more than 1,048,576 bytes" in done.err
    assert run("verify", f"{address}/nothing", *KEY).code == 4
