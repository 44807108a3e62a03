"""Each kind of credential that MiniStack lacks is made, listed, changed and deleted as IAM does it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
KINDS = [
    ("upload", "ssh_public_key", "SSHPublicKey", "SSHPublicKeys", {"SSHPublicKeyBody": "ssh-rsa AAAA <b> & c"}),
    (
        "create",
        "service_specific_credential",
        "ServiceSpecificCredential",
        "ServiceSpecificCredentials",
        {"ServiceName": "codecommit.amazonaws.com"},
    ),
    ("upload", "signing_certificate", "Certificate", "Certificates", {"CertificateBody": PEM}),
]


@pytest.mark.parametrize(("verb", "noun", "element", "plural", "given"), KINDS)
def test_a_credential_lives_as_iam_lets_it(
    client: Any, verb: str, noun: str, element: str, plural: str, given: dict[str, str]
) -> None:
    iam, user = client("iam"), {"UserName": f"user-{uuid.uuid4().hex[:8]}"}
    iam.create_user(**user)
    made = getattr(iam, f"{verb}_{noun}")(**user, **given)[element]
    assert made["Status"] == "Active" and given.items() <= made.items()
    name = {f"{element}Id": made[f"{element}Id"]}

    def listed() -> list[dict[str, str]]:
        return getattr(iam, f"list_{noun}s")(**user)[plural]  # type: ignore[no-any-return]

    assert [item[f"{element}Id"] for item in listed()] == list(name.values())
    assert "ServicePassword" not in listed()[0]
    getattr(iam, f"update_{noun}")(**user, **name, Status="Inactive")
    assert listed()[0]["Status"] == "Inactive"
    getattr(iam, f"delete_{noun}")(**user, **name)
    assert listed() == []
    with pytest.raises(ClientError, match="NoSuchEntity"):
        getattr(iam, f"delete_{noun}")(**user, **name)
