"""A setting that cannot be used is named with where it is set: a proxy, an endpoint, a region, a file of the config."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.gateway.error_row import LONGEST, sentence
from generator.gateway.profiles import own_region
from generator.model.deployment import Deployment

KEYS = "[profile p]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in {
        "HOME": tmp_path,
        "AWS_CONFIG_FILE": tmp_path / "config",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "XDG_CONFIG_HOME": tmp_path / "xdg",
    }.items():
        monkeypatch.setenv(name, str(value))
    (tmp_path / "config").write_text(KEYS)
    return tmp_path


def refusal(profile: str | None = "p", region: str | None = "eu-west-3") -> DeployerError:
    with pytest.raises(DeployerError) as caught:
        Gateway(Deployment(profile=profile, region=region)).sts.get_caller_arn()
    assert SECRET not in caught.value.message + caught.value.hint and "\n" not in caught.value.message
    return caught.value


UNSEEN = "there is a space, a quotation mark or a character that nobody sees in it"


@pytest.mark.parametrize(
    ("proxy", "shown", "why"),
    [
        (f"http://me:{SECRET}@[::1", "http://***@[::1", "its host is no name and no address"),
        (f"me:{SECRET}@proxy:port", "***@proxy:port", "its port is no number"),
        ("http://proxy:99999", "http://proxy:99999", "its port is no number"),
        ("http://a b", "http://a b", UNSEEN),
        (" http://proxy:1", "' http://proxy:1'", UNSEEN),
        ("http://proxy:1\t", "'http://proxy:1\\t'", UNSEEN),
        ("'http://127.0.0.1:9'", "'http://127.0.0.1:9'", UNSEEN),
        (f"'http://me:{SECRET} x@127.0.0.1:9'", "'http://***@127.0.0.1:9'", UNSEEN),
        ("HTTP://127.0.0.1:9", "HTTP://127.0.0.1:9", "http is written in capitals"),
        ("http://a..b:1", "http://a..b:1", "its host is no name and no address"),
        (f"http://{'a' * 64}:1", f"http://{'a' * 64}:1", "its host is no name and no address"),
        (f"http://me:ä{SECRET}@127.0.0.1:9", "http://***@127.0.0.1:9", "its user name or password has a letter beyond"),
        ("http://:8080", "http://:8080", "there is no name of a host in it"),
        (f"socks5://me:{SECRET}@127.0.0.1:9", "socks5://***@127.0.0.1:9", "socks5 is no kind of proxy"),
        ("foo://127.0.0.1:9", "foo://127.0.0.1:9", "foo is no kind of proxy"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_whose_address_is_none_is_named_with_its_variable(
    scheme: str, proxy: str, shown: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{scheme}://sts.example.invalid")
    monkeypatch.setenv(f"{scheme}_proxy", proxy)
    error = refusal()
    named = f"The proxy {shown}, which {scheme.upper()}_PROXY names, cannot be used: {why}"
    assert error.message.startswith(named) and (error.code, error.exit_code) == ("bad-proxy", 2)


@pytest.mark.parametrize("scheme", ["http://", "//", ""])
def test_a_proxy_with_a_good_address_that_refuses_is_not_called_bad(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://sts.example.invalid")
    monkeypatch.setenv("http_proxy", f"{scheme}me:{SECRET}@127.0.0.1:9")
    assert refusal().message == "The proxy http://***@127.0.0.1:9 refused the connection."


@pytest.mark.parametrize("by", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "ca_bundle of profile p in your AWS config"])
@pytest.mark.parametrize("empty", ["", " "])
def test_a_ca_bundle_without_a_name_is_told_with_what_names_it(
    empty: str, by: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by.startswith("ca_bundle"):
        (home / "config").write_text(f"{KEYS}ca_bundle ={empty}\n")
    else:
        monkeypatch.setenv(by, empty)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
    error = refusal()
    assert error.message == f"{by} names no file of authorities: it is empty." and error.code == "ca-bundle"


SERVICES = "services = s\n[services s]\nsts =\n  endpoint_url = "


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9", "http://", "http://a b", "ftp://x", "http://[::1", f"http://me:{SECRET}@x:port"]
)
@pytest.mark.parametrize("setting", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "endpoint_url = ", SERVICES])
def test_an_endpoint_that_is_none_is_named_with_where_it_is_set(
    setting: str, url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if setting.isupper():
        monkeypatch.setenv(setting, url)
    else:
        (home / "config").write_text(f"{KEYS}{setting}{url}\n")
    named = setting if setting.isupper() else "endpoint_url in your AWS config"
    error = refusal()
    assert error.message.startswith(f"{named} is not an address that can be asked: ") and error.exit_code == 2


@pytest.mark.parametrize("region", ["eu-west-3\n", " eu-west-3", "eu-west-3\t", "eu-west-3.", '"', "eu\x07west"])
def test_what_nobody_sees_in_a_regions_name_is_shown(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in (region, None):
        monkeypatch.setenv("AWS_REGION", region)
        assert refusal(region=given).message == f"{region!r} cannot be the name of an AWS region."


def test_a_name_that_is_no_text_is_called_that() -> None:
    with pytest.raises(DeployerError) as caught:
        Gateway(Deployment(profile="p", region="eu-west-3")).cloudformation.describe_stack("s\udcff")
    assert "a value that was given holds bytes that are no text" in caught.value.message
    assert caught.value.exit_code == 2


def folder(path: Path) -> str:
    path.mkdir()
    return "is a folder"


def loop(path: Path) -> str:
    path.symlink_to(path)
    return "is no file that botocore reads"


def pipe(path: Path) -> str:
    os.mkfifo(path)
    return "is no file that botocore reads"


def closed(path: Path) -> str:
    path.write_text(KEYS)
    path.chmod(0)
    return "is not a file that you may read"


@pytest.mark.parametrize("made", [folder, loop, pipe, closed], ids=lambda made: made.__name__)
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", ""])
def test_a_file_of_the_config_that_cannot_be_read_is_not_taken_for_an_empty_one(
    variable: str, made: object, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: bool(Path(path).stat().st_mode & 0o400) and really(path, mode))
    path = home / (variable or ".aws/config")
    path.parent.mkdir(exist_ok=True)
    why = made(path)  # type: ignore[operator]
    monkeypatch.delenv("AWS_CONFIG_FILE")
    if variable:
        monkeypatch.setenv(variable, str(path))
    named = f", which {variable} names," if variable else ""
    for profile, so in (("nobody", ", so there is no profile nobody."), (None, " (profile default).")):
        if made is closed and os.geteuid() == 0 and profile is None:
            continue  # root reads it all the same, and it has no default profile: then there is none
        error = refusal(profile)
        assert (error.message, error.code) == (f"Your AWS config {path}{named} {why}{so}", "unreadable-config")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"\ufeff{KEYS}".encode(), "begins with a byte order mark, which botocore takes for a part of the first line"),
        (KEYS.encode("utf-16"), "is in UTF-16"),
        (KEYS.encode("utf-16-be"), "is in UTF-16"),
        (f"{KEYS}output = ä\n".encode("latin-1"), "is no text in UTF-8"),
    ],
)
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_file_of_the_config_in_another_encoding_is_called_that(
    variable: str, content: bytes, why: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "encoded").write_bytes(content)
    monkeypatch.setenv(variable, str(home / "encoded"))
    error = refusal()
    assert error.message == f"Your AWS config {home / 'encoded'} cannot be read: it {why}."
    assert (error.code, error.hint) == ("config-parse", "Save it as UTF-8, without a byte order mark.")


@pytest.mark.parametrize("profile", [" ", "\t", "\u3000"])
def test_a_profile_whose_name_nobody_sees_is_shown(profile: str) -> None:
    assert refusal(profile).message == f"There is no profile {profile!r} in your AWS config."


def test_a_config_that_is_named_and_not_there_is_why_there_is_no_profile(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nope/config")
    assert refusal().message == (
        "Your AWS config /nope/config, which AWS_CONFIG_FILE names, is not there, so there is no profile p."
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)  # as people write for none
    assert refusal().message == "There is no profile p in your AWS config."
    assert refusal(None).message == "No AWS credentials were found (profile default)."


def test_what_aws_says_has_one_end_and_a_length_that_a_person_reads() -> None:
    assert [sentence(text) for text in ("Why\nnot?", "So.", "odd:", "")] == ["Why not?", "So.", "odd.", ""]
    assert len(sentence("x" * 10 * LONGEST)) == LONGEST + 1


ONE_VALUE = ["region", "endpoint_url", "ca_bundle", "retry_mode", "max_attempts", "role_arn", "source_profile",
             "aws_access_key_id", "credential_process", "sso_session", "sso_start_url", "web_identity_token_file",
             "duration_seconds", "services", "use_fips_endpoint", "defaults_mode", "sts_regional_endpoints",
             "mfa_serial", "ec2_metadata_service_endpoint", "tcp_keepalive"]  # fmt: skip


@pytest.mark.parametrize("setting", ONE_VALUE)
@pytest.mark.parametrize("below", [f"  a = {SECRET}", f"  {SECRET}", f"  a = b\n  {SECRET}"])
def test_a_setting_with_lines_below_it_is_named_with_its_profile_and_its_file(
    setting: str, below: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").write_text(f"[profile p]\noutput = json\n{setting} =\n{below}\n")
    (home / "config.2").write_text(f"[default]\n{setting} =\n{below}\n")
    for file, profile in ("config", "p"), ("config.2", "default"):
        monkeypatch.setenv("AWS_CONFIG_FILE", str(home / file))
        error = refusal(profile)
        assert error.message == (
            f"The setting {setting} of profile {profile} in {home / file} has lines of its own below it, "
            "and needs one value."
        )
        assert error.hint == f"Write it on one line, {setting} = VALUE, or take it out."
    with pytest.raises(DeployerError, match=f"The setting {setting} of profile default in "):
        own_region("default")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("source_profile = q\nrole_arn = x\n[profile q]\nregion =\n  a = b", "setting region of profile q in config"),
        ("sso_session = s\n[sso-session s]\nsso_region =\n  a = b", "setting sso_region of sso-session s in config"),
        ("services = s\n[services s]\nsts = x", "setting sts of services s in config"),
        ("services = s\n[services s]\nsts =\n  x", "setting sts of services s in config"),
        (
            "services = s\n[services s]\nsts =\n  region = x\nregion =\n  x",
            "setting region of services s in config has a line",
        ),
        ("api_versions = 2", "setting api_versions of profile p in config needs lines"),
        ("s3 =", "setting s3 of profile p in config needs lines of its own below it, NAME = VALUE, and has none."),
        ("a\x07 =\n  b", r"setting 'a\x07' of profile p in config has"),
        ("s3 =\n  x", "setting s3 of profile p in config has a line below it that is not NAME = VALUE"),
        ("[plugins]\nregion =\n  x", "setting region of [plugins] in config has lines"),
    ],
)
def test_it_may_be_in_another_section_and_lines_may_be_missing(more: str, named: str, home: Path) -> None:
    (home / "config").write_text(f"[profile p]\n{more}\n")
    message = refusal().message
    assert named.replace(" in config", f" in {home}/config") in message and "(profile p)" not in message


def test_the_file_of_credentials_is_named_where_it_is_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "keys"))
    for below in ("a = b", "b"):
        (home / "keys").write_text(f"[p]\naws_secret_access_key =\n  {below}\n")
        assert f"setting aws_secret_access_key of profile p in {home}/keys has lines" in refusal().message


@pytest.mark.parametrize(
    "fine",
    ["s3 =\n  addressing_style = path", "s3 = x", "services = s\n[services s]\nsts =\n  endpoint_url = http://127.0.0.1:9",
     "[profile q]\nregion =\n  a = b", "cli_pager =\n  a = b", "region ="],
)  # fmt: skip
def test_lines_below_what_may_have_them_and_in_what_is_not_used_are_no_fault(
    fine: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (home / "config").write_text(f"{KEYS}{fine}\n")
    assert refusal().message.startswith("The AWS endpoint http://127.0.0.1:9")
