"""publish keys: two files, the private one for its owner alone and encrypted; the passphrase is never an argument."""

from __future__ import annotations

import getpass
import stat
import sys
from pathlib import Path

import pytest

from generator.operations.publishing.keys import private_key_text
from generator.signing import keys
from tests.embedded import run

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
    typed = iter(["one", "two", "one", "one"])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    assert "The two entries differ" in run("publish", "keys").err and not (folder / "deployer-signing.key").exists()
    assert run("publish", "keys").code == 0
    assert keys.read_private_key((folder / "deployer-signing.key").read_text(), "one", "k")


@pytest.mark.parametrize(("value", "says"), [(None, f"environment variable {VARIABLE}"), ("", "needs a passphrase")])
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
    path.write_text("x")
    path.chmod(0o640)
    with pytest.raises(keys.UsageError, match="may be read by other users"):
        private_key_text(str(path))
    path.chmod(0o600)
    assert private_key_text(str(path)) == "x"


def test_a_link_in_the_place_of_a_key_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "x")
    (folder / "release.key").symlink_to(folder / "elsewhere")
    assert run("publish", "keys", "-o", "release").code == 2 and not (folder / "elsewhere").exists()
