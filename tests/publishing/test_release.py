"""What goes along with a version: the bill of materials of the lock, and a pointer that notices an old one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from generator.errors import UsageError
from generator.model.latest import Latest, latest_statement, read_latest, require_address, require_current
from generator.model.provenance import provenance, sentence
from generator.model.publishing import checked_prefix
from generator.model.release import checked_parameters, is_older, version_key
from generator.model.sbom import sbom
from generator.model.signature import NotVerified, Statement

LOCK = (Path(__file__).parents[2] / "requirements.lock").read_text()
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_the_bill_of_materials_has_every_pin_with_its_hashes() -> None:
    document = json.loads(sbom(LOCK, "deepsql-deployer", "1.2.3"))
    names = {line.partition("==")[0] for line in LOCK.splitlines() if "==" in line}
    assert {each["name"] for each in document["components"]} == names and len(names) > 30
    digests = {h["content"] for each in document["components"] for r in each["externalReferences"] for h in r["hashes"]}
    assert len(digests) == len({part for part in LOCK.split() if part.startswith("--hash=")})
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["version"] == "1.2.3"
    [root] = document["dependencies"]
    assert set(root["dependsOn"]) == {each["bom-ref"] for each in document["components"]}
    assert sbom(LOCK, "a", "1") == sbom(LOCK, "a", "1")


OTHERWISE = {
    "a field that CycloneDX does not know": ('"bomFormat"', '"made": "now", "bomFormat"'),
    "a type that it does not know": ('"library"', '"package"'),
    "a digest that is none": ('"content": "', '"content": "x'),
    "a component without a name": ('"name": "annotated-doc",', ""),
}


def test_the_bill_of_materials_is_valid_by_the_schema_of_cyclonedx() -> None:
    validator, document = JsonStrictValidator(SchemaVersion.V1_6), sbom(LOCK, "deepsql-deployer", "1.2.3")
    assert validator.validate_str(document) is None
    for why, (before, after) in OTHERWISE.items():
        assert before in document and validator.validate_str(document.replace(before, after, 1)), why


@pytest.mark.parametrize("lock", ["", "# nothing\n", "boto3>=1\n", "boto3==1.0\n", "-e .\n", "<html>"])
def test_what_is_no_lock_is_refused(lock: str) -> None:
    with pytest.raises(UsageError, match="lock file"):
        sbom(lock, "a", "1")


def test_a_pointer_says_what_it_was_given() -> None:
    latest = Latest("1.2.3", {"1.2.3/a.yaml": "ab"}, NOW, "bucket/a/b")
    assert read_latest(latest_statement(latest)) == latest


@pytest.mark.parametrize(
    "statement",
    [
        None,
        Statement("https://slsa.dev/provenance/v1", {}),
        Statement("tag:deepsql.ai,2026:deployer/latest/v1", {}, {"version": "1.2.3"}),
        Statement("tag:deepsql.ai,2026:deployer/latest/v1", {}, {"expires": "2026-11-30T12:00:00Z"}),
        Statement("tag:deepsql.ai,2026:deployer/latest/v1", {}, {"version": "1", "expires": "never"}),
    ],
)
def test_another_statement_is_no_pointer(statement: Statement | None) -> None:
    with pytest.raises(NotVerified):
        read_latest(statement)


def test_a_pointer_that_ended_or_is_older_than_what_was_seen_is_refused() -> None:
    latest = Latest("1.2.3", {}, NOW)
    before = NOW - timedelta(seconds=1)
    for seen in ("", "1.2.3", "1.2.2", "1.1.10"):
        require_current(latest, before, seen)
    for now, seen, code in (
        (NOW, "", "pointer-ended"),
        (before, "1.10.0", "pointer-older"),
        (before, "2", "pointer-older"),
    ):
        with pytest.raises(NotVerified) as caught:
            require_current(latest, now, seen)
        assert caught.value.code == code


S3 = "s3.eu-west-1.amazonaws.com"
ADDRESSES = [
    (f"https://{S3}/templates/deepsql/", True),
    (f"https://templates.{S3}/deepsql/", True),
    ("https://templates.s3.amazonaws.com/deepsql/", True),
    ("https://templates.s3.cn-north-1.amazonaws.com.cn/deepsql/", True),
    ("https://get.example.com/deepsql/", True),
    ("https://mirror.example.com/s3/templates/deepsql/", True),
    (f"https://{S3}/beta/deepsql/", False),
    (f"https://beta.{S3}/deepsql/", False),
    ("https://beta.s3.cn-north-1.amazonaws.com.cn/deepsql/", False),
    (f"https://{S3}/templates/deepsql/beta/", False),
    (f"https://{S3}/templates/", False),
    (f"https://{S3}/othertemplates/deepsql/", False),
    ("https://get.example.com/beta/deepsql/", False),
    ("https://get.example.com/", False),
]


@pytest.mark.parametrize(("folder", "same"), ADDRESSES)
def test_a_pointer_counts_at_the_addresses_of_its_own_bucket_and_prefix(folder: str, same: bool) -> None:
    latest = Latest("1.2.3", {}, NOW, "templates/deepsql")
    if same:
        require_address(latest, f"{folder}latest.sigstore.json")
    else:
        with pytest.raises(NotVerified, match="is of templates/deepsql, and was put at"):
            require_address(latest, f"{folder}latest.sigstore.json")


def test_versions_compare_as_numbers() -> None:
    assert version_key("1.10.0") > version_key("1.9.9")
    for text in ("", "1.x", "1..2", "1.", ".1", "v1", "1.2.3rc1", "²", "1\n", "9" * 5000, "1" + ".1" * 5000):
        with pytest.raises(UsageError):
            version_key(text)


def test_what_is_no_version_is_not_older_either() -> None:
    assert is_older("1.9.9", "1.10.0") and not is_older("1.10.0", "1.9.9") and not is_older("1.0.0", "1.0.0")
    assert not any(is_older(*pair) for pair in (("", "1.0.0"), ("1.0.0", ""), ("x", "2.0.0"), ("1.0.0", "x")))


def test_a_provenance_of_others_is_not_put_into_words() -> None:
    ours = provenance("1.2.3", {"a": "b", "c": "d"})
    assert sentence(ours) == "deployer 1.2.3 published it"
    for predicate in ({}, {"buildDefinition": 1}, {"buildDefinition": {"buildType": "x"}}):
        assert sentence(Statement(ours.predicate_type, {}, predicate)) == ""


def test_a_link_has_no_secret_and_no_grant() -> None:
    assert checked_parameters({"InstanceType": "t4g.large"}) == {"InstanceType": "t4g.large"}
    for key in ("AdminPassword", "VendorPrincipals", "NoSuch"):
        with pytest.raises(UsageError, match=key):
            checked_parameters({key: "x"})


def test_a_prefix_is_as_an_address_spells_it() -> None:
    assert checked_prefix("/a/b.c/") == "a/b.c"
    for prefix in ("", "/", "a//b", "a b", "../a", "a/*", "ä"):
        with pytest.raises(UsageError):
            checked_prefix(prefix)
