"""publish, on the embedded S3: what is there stays, what is not there is written, and everybody can verify it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from generator import __version__
from generator.gateway.s3 import S3
from generator.operations.publishing import publish as publishing
from generator.operations.publishing import release
from generator.template.emit import emit, wire
from tests.embedded import Deployer, Outcome, run
from tests.publishing_bucket import BUCKET, make_bucket
from tests.signing.conftest import PASSPHRASE, openssl_says, pair, sigstore_says
from tests.story.test_location import SANDBOX

ROOT = Path(__file__).parents[2]
FILES = ("sbom.cdx.json", "CHANGELOG.md", "SHA256SUMS", "deepsql-stack.yaml", "deepsql-stack.wire.yaml")
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
    assert stored[f"{folder}deepsql-stack.yaml"] == emit().encode()
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
    sums = stored[f"{folder}SHA256SUMS"].decode().split()
    assert sums[1::2] == [name for name in FILES if name != "SHA256SUMS"]
    link = done.result["links"]["eu-west-1"]
    assert "#/stacks/quickcreate?templateURL=http" in link and "&param_InstanceType=t4g.xlarge" in link
    address = done.result["template_url"]
    verified = run("verify", address, "--key", str(keys / "vendor.pub"))
    assert verified.code == 0 and __version__ in verified.out, verified.err
    assert run("verify", address, "--key", str(keys / "another.pub")).code == 3


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


def test_after_a_change_of_keys_what_is_there_stays(bucket: Any, publish: Any, keys: Path) -> None:
    assert publish().code == 0
    before = objects(bucket)
    assert publish("--also-trusted", str(keys / "vendor.pub"), key="another").code == 0
    assert objects(bucket) == before


@pytest.mark.parametrize("writes", [0, 1, 7, 19, 20])
def test_interrupted_and_run_again(bucket: Any, publish: Any, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    create = S3.create

    def interrupted(self: S3, bucket: str, key: str, content: bytes, content_type: str) -> bool:
        if len(done) == writes:
            raise KeyboardInterrupt
        done.append(key)
        return create(self, bucket, key, content, content_type)

    monkeypatch.setattr(S3, "create", interrupted)
    assert publish().code == 130 and len(objects(bucket)) == writes
    stored = objects(bucket)
    templates = [key for key in stored if key.endswith(("stack.yaml", "wire.yaml"))]
    assert all(f"{key}.sigstore.json" in stored for key in templates), "no template is there without its signature"
    monkeypatch.setattr(S3, "create", create)
    assert publish().code == 0
    assert len(objects(bucket)) == 21 and objects(bucket).items() >= stored.items()


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
    from generator.operations.publishing import pointer

    for module in (release, pointer, publishing):
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


def test_a_plan_writes_nothing_and_names_what_the_bucket_lacks(bucket: Any, publish: Any) -> None:
    planned = publish("--plan", "--output", "json")
    assert planned.code == 0 and objects(bucket) == {} and len(planned.result["new"]) == 20
    bucket.delete_bucket_policy(Bucket=BUCKET)
    bucket.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    planned = publish("--plan")
    assert planned.code == 3 and "FAIL  versioning" in planned.out and "FAIL  everybody reads it" in planned.out
    refused = publish()
    assert refused.code == 3 and "deployer publish policy --bucket" in refused.err and objects(bucket) == {}


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("--bucket", "s3://b"), 2, "--bucket takes the name of a bucket"),
        (("--bucket", "mistyped-templates"), 4, "There is no bucket mistyped-templates."),
        (("--prefix", "a b"), 2, "--prefix cannot be"),
        (("--parameter", "AdminPassword=x"), 2, "AdminPassword is a secret"),
        (("--parameter", "InstanceType"), 2, "has no value"),
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
