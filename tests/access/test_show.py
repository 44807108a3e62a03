"""What a careful person is warned about, in access show and in doctor alike."""

from __future__ import annotations

from tests.embedded import VENDOR_ROLE, Deployer


def test_doctor_warns_of_a_grant_without_an_end(deployer: Deployer) -> None:
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--no-expiry", "--reason", "T-1", "--yes").code == 0
    shown = [finding["warning"] for finding in deployer("access", "show").result["findings"]]
    told = [each["answer"] for each in deployer("doctor").result if each["subject"].startswith("access")]
    assert shown and told == shown
    assert deployer("access", "revoke", "--all", "--yes").code == 0
