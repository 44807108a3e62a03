"""What stumbles over this computer's credentials is one sentence that names the profile, and never what was read."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from generator.cli.main import main
from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.gateway.translate import translated
from generator.model.deployment import Deployment
from tests.gateway.test_foreign_answers import Foreign
from tests.terminal import on_terminal

SECRET = "wJalrXUtnFEMI"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "HOME": tmp_path,
        "AWS_CONFIG_FILE": tmp_path / "config",
        "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_REGION": "eu-west-3",
        "XDG_CONFIG_HOME": tmp_path / "xdg",
    }.items():
        monkeypatch.setenv(name, str(value))
    return tmp_path


def refusal(profile: str | None) -> DeployerError:
    with pytest.raises(DeployerError) as caught:
        Gateway(Deployment(profile=profile)).sts.get_caller_arn()
    assert SECRET not in caught.value.message + caught.value.hint and "\n" not in caught.value.message
    return caught.value


KEY = '"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "' + SECRET + '"'
OTHER = "printed something other than what AWS asks for"


@pytest.mark.parametrize(
    ("prints", "says"),
    [
        ("hello", OTHER),
        ("", OTHER),
        ("null", OTHER),
        ("[1]", OTHER),
        (f'{{"Version": 1, {KEY}', OTHER),
        (f'{{"Version": 1, {KEY}, "Expiration": "soon"}}', OTHER),
        ("\\377\\376", OTHER),
        (f"{{{KEY}}}", "Unsupported version"),
        ("[" * 20000, OTHER),
        ('{"Version": 1}', "Missing required key in response: 'AccessKeyId'."),
        (f'{{"Version": 1, {KEY}, "SessionToken": "t", "Expiration": "2001-01-01T00:00:00Z"}}', "had expired"),
        (f'{{"Version": 1, {KEY}, "SessionToken": 7}}', "hold something that cannot be part of a key"),
        (f'{{"Version": 1, {KEY}, "SessionToken": "a b"}}', "hold something that cannot be part of a key"),
    ],
)
def test_what_a_credential_process_prints_amiss_is_named(prints: str, says: str, home: Path) -> None:
    program = home / "program"
    program.write_text(f"#!/bin/sh\nprintf '{prints}'\n")
    program.chmod(0o700)
    (home / "config").write_text(f"[profile work]\ncredential_process = {program}\n")
    error = refusal("work")
    assert "profile work" in error.message.lower() and says in error.message
    assert error.code in ("credentials", "credential-retrieval") and error.hint


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sh -c 'echo", "cannot be split into words: a quotation mark is missing"),
        ("/nope/program", "cannot be used: No such file or directory: /nope/program"),
        ("/", "cannot be used: Permission denied: /"),
        ("", "is empty"),
    ],
)
def test_a_credential_process_that_cannot_run_is_named(
    line: str, says: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config").write_text(f"[profile work]\ncredential_process = {line}\n")
    assert main(["status", "--profile", "work", "--output", "json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["message"] == f"The credential_process of profile work {says}." and error["code"] == "credentials"
    assert "aws configure get credential_process --profile work" in error["hint"]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (f"echo {SECRET} >&2; exit 3", "ended with exit code 3."),
        (f"echo {SECRET} >&2; nope{SECRET}", "ended with exit code 127 (a program was not found)."),
        ("exit 126", "ended with exit code 126 (a program could not be started)."),
        (f"echo {SECRET} >&2; kill -KILL $$", "was ended by SIGKILL."),
        ("kill -SEGV $$", "was ended by SIGSEGV."),
    ],
)
@pytest.mark.parametrize("by", ["itself", "another profile"])
def test_a_credential_process_that_fails_is_told_by_how_it_ended_and_what_it_said_is_not_repeated(
    script: str, says: str, by: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = home / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    role = "[profile work]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = q\n[profile q]\n"
    own = "[profile work]\n" if by == "itself" else role
    (home / "config").write_text(f"{own}credential_process = {program}\n")
    assert main(["status", "--profile", "work", "--debug"]) == 1
    err = capsys.readouterr().err
    assert f"error: The credential_process of profile work {says}\n" in err and SECRET not in err


def test_a_credential_process_that_fails_later_is_told_so_too(home: Path) -> None:
    """botocore asks it again in the middle of a long command."""
    from botocore.credentials import ProcessProvider

    program = ["sh", "-c", f"echo {SECRET} >&2; exit 4"]
    provider = ProcessProvider("p", dict, popen=lambda words, **pipes: subprocess.Popen(program, **pipes))
    with pytest.raises(DeployerError) as caught, translated("STS", "GetCallerIdentity", {}):
        provider._retrieve_credentials_using("x")
    assert caught.value.message == "The credential_process ended with exit code 4."
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        (f"aws_secret_access_key = {SECRET}", "aws_access_key_id"),
        (f"aws_session_token = {SECRET}", "aws_access_key_id"),
        ("source_profile = q", "role_arn"),
        ("credential_source = Environment", "role_arn"),
        ("mfa_serial = arn:aws:iam::111122223333:mfa/x", "role_arn"),
        ("sso_start_url = https://corp.example.com/start", "sso_account_id and sso_role_name"),
        (
            "sso_session = s\n[sso-session s]\nsso_start_url = https://x.example\nsso_region = eu-west-3",
            "sso_account_id",
        ),
    ],
)
def test_half_of_a_source_of_credentials_is_named_with_the_other_half(settings: str, missing: str, home: Path) -> None:
    (home / "config").write_text(f"[profile p]\n{settings}\n")
    error = refusal("p")
    assert error.message.startswith(f"Profile p has {settings.partition(' ')[0]} and no {missing}"), error.message
    assert error.code == "partial-credentials" and error.hint


@pytest.mark.parametrize("key", ["aws_access_key_id", "aws_secret_access_key"])
def test_an_empty_part_of_a_key_is_named_and_an_empty_token_is_none(key: str, home: Path) -> None:
    parts = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": SECRET, "aws_session_token": ""}
    for settings, says in (
        ({**parts, key: ""}, "The AWS credentials of profile p hold no "),
        (parts, "could not be reached"),
    ):
        lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
        (home / "config").write_text(f"[profile p]\nmax_attempts = 1\n{lines}\n")
        assert says in refusal("p").message


def test_a_credential_process_without_a_key_is_told_so(home: Path) -> None:
    document = '{"Version": 1, "AccessKeyId": null, "SecretAccessKey": null}'
    (home / "printed").write_text(document)
    (home / "config").write_text(f"[profile p]\ncredential_process = cat {home}/printed\n")
    assert refusal("p").message == "The AWS credentials of profile p hold no access key ID."


SSO = "sso_start_url = https://corp.example.com/start\nsso_region = eu-west-3\n"
ROLE = "sso_account_id = 111122223333\nsso_role_name = Admin\n"


@pytest.mark.parametrize(
    ("profile", "content"),
    [
        ("corp", f'{{"accessToken": "{SECRET}'),
        ("legacy", ""),
        ("legacy", '{"accessToken": "x", "expiresAt": "soon"}'),
    ],
)
def test_a_sign_in_that_cannot_be_read_is_to_be_made_again(profile: str, content: str, home: Path) -> None:
    """In a process of its own: botocore looks for the home directory when it is imported."""
    (home / "config").write_text(
        f"[sso-session corp]\n{SSO}[profile corp]\nsso_session = corp\n{ROLE}[profile legacy]\n{SSO}{ROLE}"
    )
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    for name in ("corp", "https://corp.example.com/start"):
        (cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json").write_text(content)
    argv = [sys.executable, "-m", "generator", "status", "--profile", profile]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"error: The sign-in of profile {profile} that is stored on this computer cannot be read.",
        f"  next: Sign in again with: aws sso login --profile {profile}",
    ]


KEYS_OF_Q = "[profile q]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
CHAIN = "role_arn = arn:aws:iam::111122223333:role/x\n"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            f"{CHAIN}web_identity_token_file = /nope\n",
            "The web identity token of profile p cannot be used: No such file",
        ),
        (
            f"{CHAIN}source_profile = q\n[profile q]\n{CHAIN}source_profile = p\n",
            "source_profile of profile p leads back",
        ),
        (f"{CHAIN}source_profile = q\n[profile q]\ncredential_process = true\n", OTHER),
        (
            f"{CHAIN}source_profile = q\nduration_seconds = 1\n{KEYS_OF_Q}".replace(CHAIN, "role_arn = junk\n"),
            "Profile p cannot take its role: AWS does not accept its duration_seconds, role_arn.",
        ),
        (
            f"{CHAIN}source_profile = q\nexternal_id = x\n{KEYS_OF_Q}",
            "Profile p cannot take its role: AWS does not accept its external_id.",
        ),
        (f"{CHAIN}credential_source = Environment\n", "Profile p got no credentials from Environment: No credentials"),
    ],
)
def test_a_role_that_cannot_be_taken_names_what_it_hangs_on(config: str, says: str, home: Path) -> None:
    (home / "config").write_text(f"[profile p]\n{config}")
    error = refusal("p")
    assert says in error.message and "(error msg)" not in error.message and error.hint


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example.com/x"}, "The container's credentials service"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "junk"}, "The container's credentials service"),
        *(
            ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CREDENTIAL_EXPIRATION": moment}, says)
            for moment, says in [
                ("soon", "The AWS credentials in the environment cannot be read."),
                ("2001-01-01T00:00:00Z", "The AWS credentials in the environment had expired when they came."),
            ]
        ),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": os.devnull},
            "The web identity token of profile default is not one that AWS accepts.",
        ),
        (
            {"SSLKEYLOGFILE": "/nope/keys"},
            "of profile default cannot be used: No such file or directory: /nope/keys, which SSLKEYLOGFILE names",
        ),
        ({"AWS_METADATA_SERVICE_TIMEOUT": "odd"}, "AWS_METADATA_SERVICE_TIMEOUT must be a whole number."),
        ({"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1.5"}, "AWS_METADATA_SERVICE_NUM_ATTEMPTS must be a whole number."),
        ({"AWS_SECRET_ACCESS_KEY": SECRET}, "AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not"),
        ({"AWS_SESSION_TOKEN": SECRET, "AWS_ACCESS_KEY_ID": ""}, "AWS_SESSION_TOKEN is set, and AWS_ACCESS_KEY_ID is"),
        *(
            ({"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", name: value}, "in the environment hold")
            for name, value in [
                ("AWS_SESSION_TOKEN", f"{SECRET}\n"),
                ("AWS_SECRET_ACCESS_KEY", f"'{SECRET} '"),
                ("AWS_ACCESS_KEY_ID", "ÄKIAEXAMPLE"),
            ]
        ),
        (
            {
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_ENDPOINT_URL": f"http://me:{SECRET}@127.0.0.1:9",
            },
            "could not be reached",
        ),
        (
            {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": f"http://me:{SECRET}@x:port"},
            "is not an address that can be asked",
        ),
    ],
)
def test_variables_amiss_are_named_and_not_repeated(
    variables: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert says in refusal(None).message


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (f"region = x\n[profile p]\naws_secret_access_key = {SECRET}\n", "config cannot be read (line 1)."),
        (f"[profile p]\n{SECRET}\n", "config cannot be read (line 2)."),
        ("[profile p]\nregion = x\n[profile p]\n", "config cannot be read (line 3: that section is there already)."),
        ("[profile p]\nregion = x\nregion = y\n", "config cannot be read (line 3: that name is there already)."),
        (
            "[profile p]\ndefaults_mode = odd\n",
            "Your AWS config cannot be used: Client configured with invalid",
        ),
        ("[profile p]\nec2_metadata_service_endpoint = odd\n", "The endpoint of the EC2 metadata service, odd, is no"),
    ],
)
def test_a_config_that_cannot_be_read_or_used_says_where_and_why(
    config: str, says: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL"):  # they win over what the config says
        monkeypatch.delenv(name)
    if "metadata" not in config:
        config += f"aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {SECRET}\n"
    (home / "config").write_text(config)
    assert says in refusal("p").message


ASSUMED = f"""<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>
<SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""
WITH_MFA = f"[profile p]\n{CHAIN}source_profile = q\nmfa_serial = arn:aws:iam::111122223333:mfa/jo\n"
SOURCE = f"[profile q]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {SECRET}\n"


@pytest.mark.parametrize(("endpoint_is_set", "asked"), [(False, [True, False]), (True, [True, True])])
def test_an_mfa_code_is_asked_for_once_of_aws_and_a_sandboxs_role_is_not_kept(
    endpoint_is_set: bool, asked: list[bool], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").write_text(WITH_MFA + SOURCE)
    program = (
        "import sys; from generator.gateway import credentials; from generator.cli.main import entry;"
        + ("" if endpoint_is_set else "credentials._endpoint_is_set = lambda profile: False;")
        + "sys.argv[1:] = ['status', '--profile', 'p', '--stack-name', 'x']; entry()"
    )
    with Foreign() as sts:
        sts.body = ASSUMED.encode()
        threading.Thread(target=sts.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{sts.server_port}")
        command = [sys.executable, "-c", program]
        shown = [on_terminal(command, typed="123456", after="MFA code for")[1] for _ in range(2)]
        sts.shutdown()
    assert ["MFA code" in each for each in shown] == asked
    assert all("is not AWS" in each for each in shown), "both were let in, and asked CloudFormation"
    kept = list((home / ".aws" / "cli" / "cache").glob("*"))
    assert [each.stat().st_mode & 0o777 for each in kept] == ([] if endpoint_is_set else [0o600])


def test_a_role_is_used_where_its_credentials_cannot_be_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config").write_text(f"[profile p]\n{CHAIN}source_profile = q\n{SOURCE}")
    (home / ".aws").write_text("no folder, and none can be made")
    monkeypatch.setattr("generator.gateway.credentials._endpoint_is_set", lambda profile: False)
    with Foreign() as sts:
        sts.body = ASSUMED.encode()
        threading.Thread(target=sts.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{sts.server_port}")
        assert "is not AWS" in refusal("p").message, "the role was assumed, and STS asked who it is"
        sts.shutdown()


def test_without_a_terminal_no_mfa_code_is_read_from_a_pipe(home: Path) -> None:
    (home / "config").write_text(WITH_MFA + SOURCE)
    argv = [sys.executable, "-m", "generator", "status", "--profile", "p", "--stack-name", "x"]
    done = subprocess.run(argv, capture_output=True, text=True, input="123456\n", start_new_session=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == (
        "error: Profile p needs an MFA code, and there is no terminal to ask for it."
    )
