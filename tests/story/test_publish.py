"""publish, on the embedded S3: what is there stays, what is not there is written, and everybody can verify it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from generator import __version__
from generator.gateway.s3 import S3
from generator.gateway.s3control import ask_without_prefix
from generator.host import download
from generator.host.loopback_certificate import loopback_certificate
from generator.model.latest import Latest, latest_statement
from generator.model.signature import sha256_of
from generator.operations.publishing import publish as publishing
from generator.operations.publishing import release
from generator.signing.bundle import sign_statement
from generator.signing.keys import read_private_key
from generator.template.emit import emit, wire
from tests.embedded import Deployer, Outcome, run
from tests.publishing_bucket import BUCKET, make_bucket
from tests.signing.conftest import PASSPHRASE, openssl_says, pair, sigstore_says
from tests.story.conftest import PLACE
from tests.story.test_location import SANDBOX

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
TEMPLATES = tuple(path.name for path in sorted((ROOT / "templates").glob("*.yaml")))
FILES = ("sbom.cdx.json", "CHANGELOG.md", "SHA256SUMS", "deepsql-stack.wire.yaml", *TEMPLATES)
OBJECTS = 4 * len(FILES) + 1
POINTER = "deepsql/latest.sigstore.json"


@pytest.fixture
def bucket(deployer: Deployer) -> Any:
    client = deployer.gateway.client("s3")
    make_bucket(client)
    return client


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pairs of keys in files."""
    monkeypatch.setenv("DEPLOYER_SIGNING_PASSPHRASE", PASSPHRASE)
    for name in ("vendor", "another"):
        assert run("publish", "keys", "-o", str(tmp_path / name)).code == 0
    return tmp_path


@pytest.fixture
def publish(keys: Path) -> Any:
    def publish(*argv: str, key: str = "vendor") -> Outcome:
        return run("publish", *given(keys, key), "--yes", *argv)

    return publish


def given(keys: Path, key: str) -> tuple[str, ...]:
    files = ("--lock", str(ROOT / "requirements.lock"), "--changelog", str(ROOT / "CHANGELOG.md"))
    return ("--bucket", BUCKET, "--key", str(keys / f"{key}.key"), *files)


def test_the_question_names_the_place_and_unanswered_it_writes_nothing(bucket: Any, keys: Path) -> None:
    unanswered = run("publish", *given(keys, "vendor"))
    assert unanswered.code == 2 and f"{SANDBOX}?" in unanswered.err, unanswered.err
    assert objects(bucket) == {}


SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@pytest.mark.parametrize(("setting", "code"), [("BlockPublicPolicy", 3), ("RestrictPublicBuckets", 3), ("", 0)])
def test_an_account_that_blocks_public_policies_is_told_of_before_anything_is_written(
    bucket: Any, publish: Any, deployer: Deployer, setting: str, code: int
) -> None:
    account = deployer.gateway.location().account
    control = deployer.gateway.client("s3control")
    ask_without_prefix(control)
    block = {name: name == setting for name in SETTINGS}
    control.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=block)
    try:
        done = publish()
    finally:
        control.delete_public_access_block(AccountId=account)
    assert done.code == code, done.err
    told = (
        f"no Block Public Access of the account: that of {account} stops the policy in each of its buckets" in done.err
    )
    assert told is bool(setting) and bool(objects(bucket)) is not told, done.err
    assert ("s3control get-public-access-block --account-id" in done.err) is told


def objects(client: Any) -> dict[str, bytes]:
    listed = client.list_object_versions(Bucket=BUCKET).get("Versions", [])
    assert all(each["IsLatest"] or each["Key"] == POINTER for each in listed), "nothing is ever overwritten"
    keys = [each["Key"] for each in listed if each["IsLatest"]]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def test_everything_is_there_and_outsiders_verify_it(bucket: Any, publish: Any, keys: Path) -> None:
    done = publish("--quick-create", "eu-west-1", "--parameter", "InstanceType=t4g.xlarge", "--output", "json")
    assert done.code == 0, done.err
    stored, folder = objects(bucket), f"deepsql/{__version__}/"
    beside = ("", ".sigstore.json", ".sig", ".provenance.sigstore.json")
    assert set(stored) == {POINTER, *(f"{folder}{name}{suffix}" for name in FILES for suffix in beside)}
    assert len(TEMPLATES) > 4
    for name in TEMPLATES:
        assert stored[f"{folder}{name}"] == (ROOT / "templates" / name).read_bytes()
    assert stored[f"{folder}deepsql-stack.wire.yaml"] == wire().encode()
    from generator.signing.keys import read_public_keys

    [key] = read_public_keys((keys / "vendor.pub").read_text(), "k")
    [other] = read_public_keys((keys / "another.pub").read_text(), "k")
    for name in FILES:
        content = stored[f"{folder}{name}"]
        for suffix in (".sigstore.json", ".provenance.sigstore.json"):
            assert sigstore_says(content, stored[f"{folder}{name}{suffix}"].decode(), key)
            assert not sigstore_says(content, stored[f"{folder}{name}{suffix}"].decode(), other)
        assert openssl_says(keys, content, stored[f"{folder}{name}.sig"], key)
        assert not openssl_says(keys, content + b" ", stored[f"{folder}{name}.sig"], key)
    bundle = json.loads(stored[f"{folder}deepsql-stack.yaml.provenance.sigstore.json"])
    stated = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    listed = stated["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert {"name": "requirements.lock", "digest": {"sha256": sha256_of(LOCK.read_bytes())}} in listed
    sums = stored[f"{folder}SHA256SUMS"].decode().split()
    assert sorted(sums[1::2]) == sorted(name for name in FILES if name != "SHA256SUMS")
    link = done.result["links"]["eu-west-1"]
    assert "#/stacks/quickcreate?templateURL=http" in link and "&param_InstanceType=t4g.xlarge" in link
    version = bucket.head_object(Bucket=BUCKET, Key=f"{folder}deepsql-stack.yaml")["VersionId"]
    assert f"deepsql-stack.yaml%3FversionId%3D{version}&stackName=deepsql-selfhost&" in link
    assert done.result["unreadable"] == bucket.meta.endpoint_url, "the sandbox's address is none of AWS's"
    address = done.result["template_url"]
    verified = run("verify", address, "--key", str(keys / "vendor.pub"))
    assert verified.code == 0 and __version__ in verified.out, verified.err
    assert run("verify", address, "--key", str(keys / "another.pub")).code == 3


def test_a_link_needs_a_version_that_everybody_reads(
    bucket: Any, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = ("--quick-create", "eu-west-1")
    assert publish().code == 0
    again = publish(*link)
    assert again.code == 0 and "%3FversionId%3D" in again.out, "of what is there already too"
    assert f"AWS's console cannot read {bucket.meta.endpoint_url}" in again.out
    read, get = publishing.read, S3.read
    monkeypatch.setattr(
        publishing, "read", lambda url, *trust: b"another" if "versionId=" in url else read(url, *trust)
    )
    assert publish().code == 0
    refused = publish(*link)
    assert refused.code == 3 and "gives other content than was published" in refused.err, refused.err
    monkeypatch.setattr(S3, "read", lambda *argv: (each := get(*argv)) and replace(each, version=""))
    refused = publish(*link)
    assert refused.code == 3 and "S3 names no version of deepsql/" in refused.err, refused.err
    long = publish(*link, "--prefix", "p" * 930)
    assert long.code == 2 and "too long for a quick-create link" in long.err, long.err


def test_again_is_nothing_to_do(bucket: Any, publish: Any) -> None:
    assert publish().code == 0
    before = objects(bucket)
    again = publish("--output", "json")
    assert (again.code, again.result["written"]) == (0, []) and objects(bucket) == before


def test_other_content_of_the_same_version_is_refused(bucket: Any, publish: Any, tmp_path: Path) -> None:
    assert publish().code == 0
    before = objects(bucket)
    other = tmp_path / "CHANGES"
    other.write_text("other")
    refused = publish("--changelog", str(other))
    assert (refused.code, objects(bucket) == before) == (3, True)
    assert "is published already, and its CHANGELOG.md has other content" in refused.err
    with_other_key = publish(key="another")
    assert with_other_key.code == 3 and "--also-trusted FILE" in with_other_key.err and objects(bucket) == before


def test_a_file_that_nobody_could_verify_is_refused_before_its_version_is_taken(
    bucket: Any, publish: Any, tmp_path: Path
) -> None:
    long = tmp_path / "CHANGES"
    long.write_text("x" * (1024 * 1024 + 1))
    for argv in ((), ("--plan",)):
        refused = publish("--changelog", str(long), *argv)
        assert refused.code == 2 and "CHANGELOG.md has 1,048,577 bytes" in refused.err and objects(bucket) == {}
    long.write_text("x" * 1024 * 1024)
    assert publish("--changelog", str(long)).code == 0


def test_after_a_change_of_keys_what_is_there_stays(bucket: Any, publish: Any, keys: Path) -> None:
    assert publish().code == 0
    before = objects(bucket)
    assert publish("--also-trusted", str(keys / "vendor.pub"), key="another").code == 0
    assert objects(bucket) == before


def test_interrupted_at_each_write_in_turn_it_goes_on_where_it_was(
    bucket: Any, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = BaseClient._make_api_call

    def interrupted(client: Any, name: str, parameters: Any) -> Any:
        answer = call(client, name, parameters)
        if name == "PutObject":
            raise KeyboardInterrupt
        return answer

    contents = release.contents
    monkeypatch.setattr(release, "contents", lambda request: contents(request)[-2:])  # two templates will do
    monkeypatch.setattr(BaseClient, "_make_api_call", interrupted)
    stored: dict[str, bytes] = {}
    for writes in range(1, 10):
        before = stored
        assert publish().code == 130
        stored = objects(bucket)
        assert len(stored) == writes and stored.items() >= before.items()
        templates = [key for key in stored if key.endswith(".yaml")]
        assert all(f"{key}.sigstore.json" in stored for key in templates), "no template is there without its signature"
        assert POINTER not in stored or writes == 9, "it points to what is there"
    assert publish().code == 0 and objects(bucket) == stored


def test_a_write_whose_answer_was_lost_is_its_own(bucket: Any, publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As botocore repeats a call: the object is there, and the repetition is answered with 412."""
    put = S3._put

    def twice(self: S3, *argv: Any, **condition: str) -> bool:
        return put(self, *argv, **condition) and put(self, *argv, **condition)

    monkeypatch.setattr(S3, "_put", twice)
    done = publish("--days", "10")
    assert done.code == 0 and len(objects(bucket)) == OBJECTS, done.err
    done = publish("--days", "30", "--output", "json")
    assert (done.code, done.result["written"]) == (0, [POINTER]), done.err


def test_a_pointer_that_somebody_else_moved_meanwhile_is_not_overwritten(
    bucket: Any, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish("--days", "10").code == 0
    replaced = S3.replace

    def late(self: S3, *argv: Any) -> bool:
        bucket.put_object(Bucket=BUCKET, Key=POINTER, Body=b"another")
        return replaced(self, *argv)

    monkeypatch.setattr(S3, "replace", late)
    refused = publish("--days", "30")
    assert refused.code == 1 and "was written by somebody else meanwhile" in refused.err
    assert objects(bucket)[POINTER] == b"another"


def test_everybody_can_read_it_whatever_encryption_the_bucket_has(
    deployer: Deployer, bucket: Any, publish: Any
) -> None:
    """An object under a key of KMS would be there for good, and nobody could read it unsigned."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    bucket.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert publish().code == 0
    for key in objects(bucket):
        assert bucket.head_object(Bucket=BUCKET, Key=key)["ServerSideEncryption"] == "AES256", key


BESIDE = (
    "deepsql-stack.yaml",
    "deepsql-stack.yaml.sigstore.json",
    "SHA256SUMS.sig",
    "CHANGELOG.md.provenance.sigstore.json",
)


@pytest.mark.parametrize("name", [*(f"{__version__}/{each}" for each in BESIDE), "latest.sigstore.json"])
def test_what_everybody_reads_otherwise_than_it_was_written_is_a_finding(
    name: str, bucket: Any, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = publishing.read
    monkeypatch.setattr(
        publishing, "read", lambda url, *trust: b"another" if url.endswith(f"/deepsql/{name}") else read(url, *trust)
    )
    refused = publish()
    assert refused.code == 3 and ("cannot be used as it is" in refused.err or "other content" in refused.err)
    monkeypatch.undo()


def test_two_at_once_do_not_mix(bucket: Any, publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's object appears between the look and the write: the same is fine, another is refused."""
    create, calls = S3.create, []

    def late(self: S3, bucket_: str, key: str, content: bytes, content_type: str) -> bool:
        calls.append(key)
        if len(calls) == 4:
            bucket.put_object(Bucket=BUCKET, Key=key, Body=content)
        if len(calls) == 8:
            bucket.put_object(Bucket=BUCKET, Key=key, Body=b"another")
        return create(self, bucket_, key, content, content_type)

    monkeypatch.setattr(S3, "create", late)
    refused = publish()
    assert refused.code == 3 and "CHANGELOG.md has other content" in refused.err and len(calls) == 8


def version(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    from generator.operations.publishing import followed, pointer

    for module in (release, pointer, publishing, followed):
        monkeypatch.setattr(module, "__version__", number)


def test_the_pointer_moves_forward_alone(bucket: Any, publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert publish().code == 0
    first = objects(bucket)[POINTER]
    version(monkeypatch, "9.0.0")
    assert publish().code == 0
    second = objects(bucket)[POINTER]
    assert first != second
    version(monkeypatch, __version__)
    assert publish().code == 0 and objects(bucket)[POINTER] == second, "an older version moves nothing back"
    bucket.put_object(Bucket=BUCKET, Key=POINTER, Body=b"{}")
    refused = publish()
    assert refused.code == 3 and "does not verify" in refused.err and objects(bucket)[POINTER] == b"{}"


def test_the_pointer_is_renewed_past_half_of_its_time(bucket: Any, publish: Any) -> None:
    assert publish("--days", "10").code == 0
    first = objects(bucket)[POINTER]
    assert publish("--days", "10").code == 0 and objects(bucket)[POINTER] == first
    assert publish("--days", "30").code == 0 and objects(bucket)[POINTER] != first


def test_the_pointer_is_written_anew_where_it_is_to_end_earlier(bucket: Any, publish: Any) -> None:
    assert publish("--days", "365").code == 0
    first = objects(bucket)[POINTER]
    done = publish("--days", "90", "--output", "json")
    assert (done.code, done.result["written"]) == (0, [POINTER]) and objects(bucket)[POINTER] != first, done.err


def pointed(keys: Path, key: str, number: str, days: int = 90, of: str = f"{BUCKET}/deepsql", **files: str) -> bytes:
    signer = read_private_key((keys / f"{key}.key").read_text(), PASSPHRASE, key)
    latest = Latest(number, files, datetime.now(UTC).replace(microsecond=0) + timedelta(days=days), of)
    return sign_statement(latest_statement(latest), signer).encode()


def test_a_pointer_that_has_ended_is_written_anew(bucket: Any, publish: Any, keys: Path) -> None:
    assert publish().code == 0
    [signed] = [json.loads(objects(bucket)[POINTER])]
    payload = json.loads(base64.b64decode(signed["dsseEnvelope"]["payload"]))
    files = {each["name"]: each["digest"]["sha256"] for each in payload["subject"]}
    assert payload["predicate"]["place"] == f"{BUCKET}/deepsql"
    for ended in (
        pointed(keys, "vendor", __version__, -1, **files),
        pointed(keys, "vendor", "0.0.9", -1),
        pointed(keys, "vendor", "9.0.0", of=f"{BUCKET}/beta"),
        pointed(keys, "vendor", __version__, of="", **files),
    ):
        bucket.put_object(Bucket=BUCKET, Key=POINTER, Body=ended)
        done = publish("--output", "json")
        assert (done.code, done.result["written"]) == (0, [POINTER]), done.err


def test_a_pointer_that_no_customer_could_follow_is_a_finding(bucket: Any, publish: Any, keys: Path) -> None:
    """It names a newer version, so this one leaves it where it is: its end is said."""
    assert publish().code == 0
    for pointer, why in (
        (pointed(keys, "vendor", "9.0.0", -1), "version 9.0.0 ended on"),
        (pointed(keys, "vendor", "9.0.0", of=""), "is of no place"),
    ):
        bucket.put_object(Bucket=BUCKET, Key=POINTER, Body=pointer)
        refused = publish()
        assert refused.code == 3 and "cannot be used as it is" in refused.err and why in refused.err, refused.err


def test_what_everybody_reads_is_asked_for_with_the_authorities_of_the_profile(
    bucket: Any, publish: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy that intercepts TLS the calls would succeed, and what was published be called unreadable."""
    for name in download.BUNDLES:
        monkeypatch.delenv(name, raising=False)
    bundle = loopback_certificate(tmp_path / "trusted", datetime.now(UTC)).path
    config = Path(os.environ["AWS_CONFIG_FILE"]).read_text()
    (tmp_path / "config").write_text(config.replace("[default]", f"[default]\nca_bundle = {bundle}", 1))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    trusted, authorities = list[str](), download._authorities
    monkeypatch.setattr(download, "_authorities", lambda path: (trusted.append(path), authorities(path))[1])
    assert publish("--quick-create", "eu-west-1").code == 0
    assert trusted == [str(bundle)] * (OBJECTS + 1), "each object, and the template's version in the link"


def test_another_pointer_than_the_bucket_s_is_a_finding(
    bucket: Any, publish: Any, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale, read = pointed(keys, "vendor", __version__), publishing.read
    monkeypatch.setattr(publishing, "read", lambda url, *trust: stale if url.endswith(POINTER) else read(url, *trust))
    refused = publish()
    assert refused.code == 3 and "gives another pointer than the bucket has" in refused.err, refused.err


def test_the_pointer_of_a_key_that_leaked_is_replaced_when_that_key_is_named(
    bucket: Any, publish: Any, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish().code == 0
    bucket.put_object(Bucket=BUCKET, Key=POINTER, Body=pointed(keys, "vendor", "9999.0.0"))
    version(monkeypatch, "9.0.0")
    named = ("--withdrawn-key", str(keys / "vendor.pub"))
    refused = publish(key="another")
    assert refused.code == 3 and "--withdrawn-key FILE" in refused.err
    refused = publish(*named)
    assert refused.code == 2 and "is given as withdrawn" in refused.err, "it signs no more"
    refused = publish(*named, "--also-trusted", str(keys / "vendor.pub"), key="another")
    assert refused.code == 2 and "is given as withdrawn" in refused.err
    done = publish(*named, key="another")
    assert done.code == 0, done.err
    trusted = ("--key", str(keys / "another.pub"))
    verified = run("verify", done_at(bucket), *trusted, "--output", "json")
    assert (verified.code, verified.result["version"]) == (0, "9.0.0"), verified.err
    bucket.put_object(Bucket=BUCKET, Key=POINTER, Body=b"junk")
    assert publish(*named, key="another").code == 3, "what nobody of ours signed stays"


def done_at(client: Any) -> str:
    return f"{client.meta.endpoint_url}/{BUCKET}/{POINTER}"


def test_a_pointer_of_another_channel_is_refused_at_this_one_s_address(bucket: Any, publish: Any, keys: Path) -> None:
    assert publish().code == 0
    bucket.put_object(Bucket=BUCKET, Key=POINTER, Body=pointed(keys, "vendor", "9.0.0", of=f"{BUCKET}/beta"))
    done = run("verify", done_at(bucket), "--key", str(keys / "vendor.pub"))
    assert done.code == 3 and f"the pointer is of {BUCKET}/beta" in done.err, done.err


@pytest.mark.parametrize("name", ["deepsql-stack.wire.yaml", "deepsql-stack.yaml.sig", "CHANGELOG.md"])
def test_what_was_deleted_is_not_published_again_under_the_same_version(name: str, bucket: Any, publish: Any) -> None:
    assert publish().code == 0
    bucket.delete_object(Bucket=BUCKET, Key=f"deepsql/{__version__}/{name}")
    for argv in ((), ("--plan",)):
        refused = publish(*argv)
        assert refused.code == 3 and f"{name} was deleted or replaced since" in refused.err, refused.err


def test_what_was_replaced_and_put_back_is_not_taken_for_untouched(bucket: Any, publish: Any) -> None:
    assert publish().code == 0
    key = f"deepsql/{__version__}/CHANGELOG.md"
    content = objects(bucket)[key]
    for body in (b"another", content):
        bucket.put_object(Bucket=BUCKET, Key=key, Body=body)
    refused = publish()
    assert refused.code == 3 and "was deleted or replaced since" in refused.err


def test_a_version_of_which_nothing_is_left_is_known_by_its_pointer(bucket: Any, publish: Any, tmp_path: Path) -> None:
    assert publish().code == 0
    for each in bucket.list_object_versions(Bucket=BUCKET, Prefix=f"deepsql/{__version__}/")["Versions"]:
        bucket.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])
    other = tmp_path / "CHANGES"
    other.write_text("other")
    refused = publish("--changelog", str(other))
    assert refused.code == 3 and "names other content of it" in refused.err and set(objects(bucket)) == {POINTER}
    assert publish().code == 0, "the same content is what customers were told"


def test_a_plan_writes_nothing_and_names_what_the_bucket_lacks(bucket: Any, publish: Any) -> None:
    planned = publish("--plan", "--output", "json")
    assert planned.code == 0 and objects(bucket) == {} and len(planned.result["new"]) == OBJECTS - 1
    linked = publish("--plan", "--quick-create", "eu-west-1", "--quick-create", "us-east-1")
    assert "links for eu-west-1, us-east-1: printed once" in linked.out and "templateURL" not in linked.out
    bucket.delete_bucket_policy(Bucket=BUCKET)
    bucket.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    planned = publish("--plan")
    assert planned.code == 3 and "FAIL  versioning" in planned.out and "FAIL  everybody reads it" in planned.out
    refused = publish()
    assert refused.code == 3 and objects(bucket) == {}
    for remedy in ("put-bucket-versioning --bucket", "deployer publish policy --bucket"):
        assert refused.err.count(remedy) == 1 and planned.out.count(remedy) == 1


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("--bucket", "s3://b"), 2, "--bucket takes the name of a bucket"),
        (("--bucket", "mistyped-templates"), 4, "There is no bucket mistyped-templates."),
        (("--prefix", "a b"), 2, "--prefix cannot be"),
        (("--parameter", "AdminPassword=x"), 2, "AdminPassword is a secret"),
        (("--parameter", "InstanceType"), 2, "has no value"),
        (("--parameter", "InstanceType=banana"), 2, "InstanceType of the template cannot be 'banana'"),
        (("--parameter", "VpcId=mine"), 2, "VpcId of the template cannot be"),
        (("--parameter", "VolumeSizeGiB=5"), 2, "VolumeSizeGiB of the template cannot be"),
        (("--parameter", "VolumeSizeGiB=much"), 2, "VolumeSizeGiB of the template cannot be"),
        (("--parameter", "AdminEmail=nobody"), 2, "AdminEmail of the template cannot be"),
        (("--parameter", "SupportPorts=3035,x"), 2, "SupportPorts of the template cannot be"),
        (("--quick-create", "mars"), 2, "--quick-create mars is no region of the partition aws"),
        (("--quick-create", "eu-west-1", "--quick-create", "cn-north-1"), 2, "cn-north-1 is no region"),
        (("--days", "0"), 2, "--days"),
        (("--days", "99999999"), 2, "--days"),
        (("--lock", "/nonexistent"), 2, "could not be read"),
        (("--key", "/nonexistent"), 2, "could not be read"),
        (("--key", "awskms://host/key"), 2, "names no KMS key"),
        (("--key", "awskms:///"), 2, "names no KMS key"),
    ],
)
def test_what_is_given_wrong_is_named(publish: Any, bucket: Any, argv: tuple[str, ...], code: int, says: str) -> None:
    refused = publish(*argv)
    assert (refused.code, says in refused.err) == (code, True), refused.err
    assert objects(bucket) == {}


def test_a_key_in_kms_signs_and_openssl_verifies_that(
    deployer: Deployer, bucket: Any, publish: Any, tmp_path: Path
) -> None:
    kms = deployer.gateway.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/release", TargetKeyId=key)
    assert publish("--key", "awskms:///alias/release").code == 0
    (tmp_path / "k.der").write_bytes(kms.get_public_key(KeyId=key)["PublicKey"])
    command = ["openssl", "pkey", "-pubin", "-inform", "DER", "-in", str(tmp_path / "k.der")]
    (tmp_path / "k.pub").write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    printed = deployer("publish", "public-key", "--key", "awskms:///alias/release")
    assert printed.code == 0 and printed.out.endswith((tmp_path / "k.pub").read_text())
    stored, name = objects(bucket), f"deepsql/{__version__}/deepsql-stack.wire.yaml"
    from generator.signing.keys import read_public_keys

    [public] = read_public_keys((tmp_path / "k.pub").read_text(), "k")
    assert openssl_says(tmp_path, stored[name], stored[f"{name}.sig"], public)
    assert sigstore_says(stored[name], stored[f"{name}.sigstore.json"].decode(), public)
    assert not openssl_says(tmp_path, stored[name], stored[f"{name}.sig"], pair("another").public_key)
    symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
    assert publish("--key", f"awskms:///{symmetric}").code in (1, 2)


def test_what_is_published_is_public_and_nothing_else(deployer: Deployer, bucket: Any, publish: Any) -> None:
    import urllib.error
    import urllib.request

    assert publish().code == 0
    bucket.put_object(Bucket=BUCKET, Key="private", Body=b"x")
    root = f"{deployer.gateway.client('s3').meta.endpoint_url}/{BUCKET}"

    def status(method: str, path: str, body: bytes | None = None) -> int:
        try:
            request = urllib.request.Request(f"{root}{path}", body, method=method)
            return int(urllib.request.urlopen(request, timeout=20).status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status("GET", f"/{POINTER}") == status("HEAD", f"/{POINTER}") == 200
    for method, path, body in (
        ("GET", "/private", None),
        ("GET", "", None),
        ("GET", "/", None),
        ("GET", "?list-type=2", None),
        ("GET", f"/{POINTER}?acl", None),
        ("GET", f"/{POINTER}?tagging", None),
        ("PUT", f"/{POINTER}", b"x"),
        ("PUT", "/deepsql/new", b"x"),
        ("DELETE", f"/{POINTER}", None),
        ("POST", f"/{POINTER}?uploads", b""),
    ):
        assert status(method, path, body) == 403, (method, path)


def test_a_stack_from_the_link_of_one_version_is_upgraded_to_the_next(
    deployer: Deployer, bucket: Any, publish: Any, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publish, verify, launch what the link says as the console does, publish the next version, follow the pointer."""
    from urllib.parse import parse_qs

    trusted = ("--key", str(keys / "vendor.pub"))
    done = publish("--quick-create", "us-east-1", "--parameter", "InstanceType=t4g.xlarge", "--output", "json")
    link = parse_qs(done.result["links"]["us-east-1"].partition("quickcreate?")[2])
    [url] = link["templateURL"]
    key = f"deepsql/{__version__}/deepsql-stack.yaml"
    bucket.put_object(Bucket=BUCKET, Key=key, Body=b"Resources: {Other: {Type: AWS::SNS::Topic}}")
    assert run("verify", url, *trusted).code == 0
    assert run("verify", url.partition("?")[0], *trusted).code == 3, "it was exchanged; the link's version was not"
    values = {**PLACE, **{key.removeprefix("param_"): value for key, [value] in link.items() if "param_" in key}}
    client = deployer.gateway.client("cloudformation")
    client.create_stack(
        StackName=deployer.stack_name,
        TemplateURL=url,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
    )
    client.get_waiter("stack_create_complete").wait(StackName=deployer.stack_name, WaiterConfig={"Delay": 1})
    assert client.get_template(StackName=deployer.stack_name)["TemplateBody"] == emit()
    before = deployer.gateway.ec2.describe_instance(deployer.physical_ids()["Instance"])
    assert before.instance_type == "t4g.xlarge"
    latest = done.result["latest_url"]
    assert "nothing to change" in deployer.upgrade("--template-url", latest, *trusted).err

    contents = release.contents
    sid = "StartSessionsOnThisInstance"
    newer = (
        (f"DeployerVersion: {__version__}".encode(), b"DeployerVersion: 9.0.0"),
        (sid.encode(), f"{sid}Alone".encode()),
    )

    def next_contents(request: Any) -> Any:
        files = contents(request)
        for old, new in newer:
            files = tuple(replace(file, content=file.content.replace(old, new)) for file in files)
        return files

    monkeypatch.setattr(release, "contents", next_contents)
    version(monkeypatch, "9.0.0")
    assert publish().code == 0
    upgraded = deployer.upgrade("--template-url", latest, *trusted)
    assert upgraded.code == 0, upgraded.err
    assert "DeployerVersion: 9.0.0" in deployer.gateway.cloudformation.get_template(deployer.stack_name)
    assert deployer.gateway.ec2.describe_instance(before.instance_id) == before
