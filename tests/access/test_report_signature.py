"""The report of a revocation, signed as verifiers of others take it; and a key that cannot sign stops nothing."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from generator.cli.report_page import as_page
from generator.model.evidence import Evidence, Report, ReportSignature
from generator.operations.access import report as files
from generator.operations.access import report_signature
from generator.operations.publishing.kms_signer import KmsSigner
from generator.signing.keys import read_public_keys
from tests.embedded import Deployer, Outcome, run
from tests.signing.conftest import PASSPHRASE, pair, sigstore_says

VARIABLE = "DEPLOYER_SIGNING_PASSPHRASE"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
REPORT = Report("s", "1", "r", "i", (), "me", "", NOW, NOW, (Evidence("a", "x", "y", NOW, True),))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    assert run("publish", "keys", "-o", "ours").code == 0
    return tmp_path


def revoke(deployer: Deployer, *argv: str) -> Outcome:
    return deployer("access", "revoke", "--all", "--report", "r", "--yes", *argv)


def test_a_signed_report_verifies_here_and_elsewhere(deployer: Deployer, here: Path) -> None:
    assert run("config", "set", "signing-key", str(here / "ours.key")).code == 0
    done = revoke(deployer)
    [key] = read_public_keys(Path("ours.pub").read_text(), "k")
    assert done.code == 0, done.err
    assert done.result["signature"] == {"file": "r.json.sigstore.json", "key_id": key.key_id, "why": ""}
    bundle = Path("r.json.sigstore.json")
    assert bundle.stat().st_mode & 0o777 == 0o600
    assert f"r.json.sigstore.json, by the key {key.key_id}" in Path("r.html").read_text()
    assert sigstore_says(Path("r.json").read_bytes(), bundle.read_text(), key)
    verified = run("verify", "r.json", "--key", "ours.pub")
    report = json.loads(Path("r.json").read_text())
    where = f"{deployer.stack_name}, account {report['account']}, region {report['region']}"
    assert verified.code == 0, verified.err
    assert f"the revocation on the stack {where}, ended {report['ended']}: proven" in verified.out
    assert deployer("access", "verify", "r.json").code == 0
    Path("r.json").write_text(Path("r.json").read_text().replace("proven", "Proven", 1))
    assert run("verify", "r.json", "--key", "ours.pub").code == 3


def kms_key(deployer: Deployer) -> str:
    made = deployer.gateway.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return f"awskms:///{made['KeyMetadata']['KeyId']}"


def test_kms_signs_too(deployer: Deployer) -> None:
    reference = kms_key(deployer)
    done = revoke(deployer, "--signing-key", reference)
    assert done.code == 0, done.err
    client = deployer.gateway.client("kms")
    der = client.get_public_key(KeyId=reference.removeprefix("awskms:///"))["PublicKey"]
    from generator.signing.keys import public_key_of

    Path("kms.pub").write_text(public_key_of(der, "k").pem)
    assert run("verify", "r.json", "--key", "kms.pub").code == 0


def no_file(_: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    return "nothing.key"


def loop(_: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    Path("loop.key").symlink_to("loop.key")
    return "loop.key"


def another_passphrase(_: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, "another")
    return "ours.key"


def nobody_to_ask(_: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    return "ours.key"


def end_of_input(_: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    def end(prompt: str) -> str:
        raise EOFError

    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", end)
    return "ours.key"


def not_in_kms(_: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    return "awskms:///alias/nothing"


def interrupted(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    def interrupt(signer: KmsSigner, digest: bytes) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(KmsSigner, "sign", interrupt)
    return kms_key(deployer)


@pytest.mark.parametrize(
    "failure",
    [no_file, loop, another_passphrase, nobody_to_ask, end_of_input, not_in_kms, interrupted],
    ids=lambda failure: failure.__name__,
)
def test_a_key_that_cannot_sign_stops_no_revocation_and_is_not_passed_over(
    failure: Any, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("r.json.sigstore.json").write_text("of an earlier report")
    key = failure(deployer, monkeypatch)
    done = revoke(deployer, "--signing-key", key)
    assert done.code == 3 and done.result["complete"] is True, done.err
    assert not json.loads(done.out)["ok"]
    signature = done.result["signature"]
    assert signature["file"] == "" and signature["why"] and "not understood" not in signature["why"]
    assert PASSPHRASE not in done.out + done.err
    assert json.loads(Path("r.json").read_text())["complete"] is True
    assert "NOT signed: " in Path("r.html").read_text()
    assert not Path("r.json.sigstore.json").exists(), "the signature of an earlier report is of no file any more"
    assert ("the report will not be signed" in done.err) is not key.startswith("awskms"), "KMS is asked afterwards"


def test_a_place_where_no_signature_could_be_written_is_refused_before_anything_is_closed(deployer: Deployer) -> None:
    Path("r.json.sigstore.json").mkdir()
    done = revoke(deployer, "--signing-key", "ours.key")
    assert done.code == 2 and "Nothing was changed." in done.error["message"]


def test_a_key_without_a_report_is_said_to_do_nothing(deployer: Deployer) -> None:
    done = deployer("access", "revoke", "--all", "--yes", "--signing-key", "nothing.key")
    assert done.code == 0 and done.result["signature"] is None and "Nothing will be signed" in done.err


def test_without_a_key_nothing_is_said_of_a_signature(tmp_path: Path) -> None:
    assert "signature" not in as_page(REPORT)
    files.write(REPORT, as_page(REPORT), tmp_path / "a")
    assert sorted(path.name for path in tmp_path.glob("a*")) == ["a.html", "a.json"]


def test_what_came_from_outside_stays_text_in_the_page() -> None:
    assert "<script" not in as_page(REPORT, ReportSignature(why="<script>"))
    assert "<script" not in as_page(REPORT, ReportSignature("<script>", "<script>"))


def test_the_signature_is_of_the_very_bytes_that_are_written(tmp_path: Path) -> None:
    signed = report_signature.sign(REPORT, "a.json.sigstore.json", lambda: pair("ours"))
    files.write(REPORT, "", tmp_path / "a", signed.bundle)
    assert signed.signature == ReportSignature("a.json.sigstore.json", pair("ours").public_key.key_id)
    assert sigstore_says((tmp_path / "a.json").read_bytes(), signed.bundle, pair("ours").public_key)
