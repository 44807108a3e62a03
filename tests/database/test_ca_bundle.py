"""Which certificate authorities are trusted, and what is said where there are none."""

from pathlib import Path

import pytest

from generator.errors import NotFound
from generator.operations.database.ca_bundle import ca_bundle
from generator.sandbox.state import DATABASE_AUTHORITIES


@pytest.mark.parametrize(
    ("bundle", "code", "step"),
    [
        (DATABASE_AUTHORITIES, "sandbox-database-stopped", "deployer sandbox database"),
        ("other.pem", "ca-bundle-missing", "deployer db ca-bundle"),
    ],
)
def test_a_bundle_that_is_absent_is_the_sandboxs_own_or_one_to_download(
    bundle: str, code: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path))
    monkeypatch.setenv("DEPLOYER_CA_BUNDLE", str(tmp_path / bundle))
    with pytest.raises(NotFound) as refused:
        ca_bundle("")
    assert refused.value.code == code and step in refused.value.hint
    (tmp_path / bundle).write_text("-----BEGIN CERTIFICATE-----")
    assert ca_bundle("") == str(tmp_path / bundle)
