"""publish keys: two files, the private one for its owner alone and encrypted; the passphrase is never an argument."""

from __future__ import annotations

import getpass
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from generator.operations.publishing.keys import private_key_text
from generator.signing import keys
from tests.embedded import run
from tests.signing.conftest import pair

VARIABLE = "DEPLOYER_SIGNING_PASSPHRASE"


def test_a_pair_is_made_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "canary-correct-horse")
    done = run("publish", "keys", "-o", "release", "--output", "json")
    assert done.code == 0 and "canary" not in done.out + done.err
    assert done.result == {"private": "release.key", "public": "release.pub", "key_id": done.result["key_id"]}
    private = folder / "release.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    signer = keys.read_private_key(private.read_text(), "canary-correct-horse", "k")
    [public] = keys.read_public_keys((folder / "release.pub").read_text(), "p")
    assert signer.public_key == public and public.key_id == done.result["key_id"]
    before = private.read_text()
    private.with_suffix(".pub").unlink()
    again = run("publish", "keys", "-o", "release")
    assert again.code == 2 and "never overwritten" in again.err and private.read_text() == before


def test_the_passphrase_is_asked_for_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    typed = iter(["one of several", "two of several", "one of several", "one of several"])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    assert "The two entries differ" in run("publish", "keys").err and not (folder / "deployer-signing.key").exists()
    assert run("publish", "keys").code == 0
    assert keys.read_private_key((folder / "deployer-signing.key").read_text(), "one of several", "k")


def test_the_public_half_of_a_key_is_printed_for_openssl_and_for_verify(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key in KMS: tests/story/test_publish.py."""
    monkeypatch.setenv(VARIABLE, "canary-correct-horse")
    made = run("publish", "keys", "-o", "release", "--output", "json").result
    done = run("publish", "public-key", "--key", "release.key")
    assert done.code == 0 and "PRIVATE" not in done.out + done.err, done.err
    (folder / "printed.pub").write_text(done.out)
    read = subprocess.run(["openssl", "pkey", "-pubin", "-in", "printed.pub"], capture_output=True, text=True)
    assert read.returncode == 0 and done.out == f"key ID {made['key_id']}\n{read.stdout}"
    assert keys.read_public_keys(done.out, "p")[0].key_id == made["key_id"]
    assert run("publish", "public-key", "--key", "release.pub").code == 2


def test_one_command_shows_whose_signatures_count(folder: Path, shipped: Path) -> None:
    assert run("publish", "trusted").out.startswith("No key is trusted")
    (shipped / "a.pub").write_text(pair("vendor").public_key.pem + pair("old").public_key.pem)
    ours = [pair(name).public_key.key_id for name in ("vendor", "old")]
    assert run("publish", "trusted").out.splitlines() == [f"{key}  {shipped / 'a.pub'}" for key in ours]
    (folder / "another.pub").write_text(pair("another").public_key.pem)
    assert run("config", "set", "trusted-keys", str(folder / "another.pub")).code == 0
    another = pair("another").public_key.key_id
    assert run("publish", "trusted").out == f"{another}  {folder / 'another.pub'}\n", "in the place of the shipped"
    [only] = run("publish", "trusted", "--key", "vendor.pub", "--output", "json").result
    assert (only["key_id"], only["place"]) == (ours[0], "vendor.pub")
    assert run("publish", "trusted", "--key", "t.yaml").code == 2


@pytest.mark.parametrize(
    ("value", "says"),
    [(None, f"environment variable {VARIABLE}"), ("", "needs a passphrase"), ("eleven char", "12 characters or more")],
)
def test_without_a_passphrase_nothing_is_made(
    folder: Path, value: str | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    done = run("publish", "keys")
    assert done.code == 2 and says in done.err and not list(folder.glob("*.key"))


def test_a_private_key_that_others_may_read_is_not_used(folder: Path) -> None:
    path = folder / "k"
    path.write_text("PRIVATE KEY")
    path.chmod(0o640)
    with pytest.raises(keys.UsageError, match="may be read by other users"):
        private_key_text(str(path))
    path.chmod(0o600)
    assert private_key_text(str(path)) == "PRIVATE KEY"


@pytest.mark.parametrize("name", ["", ".", "..", "/", "there/.."])
def test_what_names_no_file_is_no_pair(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "x")
    before = sorted(folder.iterdir())
    done = run("publish", "keys", "-o", name)
    assert (done.code, "names no file" in done.err, sorted(folder.iterdir())) == (2, True, before), done.err


def test_a_wrong_passphrase_is_told_as_that(folder: Path) -> None:
    with pytest.raises(keys.UsageError) as caught:
        keys.read_private_key(keys.new_private_key("one of several"), "another", "k")
    assert "its passphrase is another one" in caught.value.message and "passphrase" in caught.value.hint


def test_a_link_in_the_place_of_a_key_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "x")
    (folder / "release.key").symlink_to(folder / "elsewhere")
    assert run("publish", "keys", "-o", "release").code == 2 and not (folder / "elsewhere").exists()
