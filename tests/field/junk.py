"""Junk that computers really hold: files cut short, edited by hand, written by another tool; answers of no AWS."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

Junk = Callable[[random.Random], str]

KEYS = (
    "region", "output", "role_arn", "source_profile", "credential_source", "credential_process", "sso_session",
    "sso_start_url", "sso_region", "sso_account_id", "sso_role_name", "sso_registration_scopes", "external_id",
    "role_session_name", "duration_seconds", "web_identity_token_file", "aws_access_key_id", "aws_secret_access_key",
    "aws_session_token", "endpoint_url", "services", "retry_mode", "max_attempts", "ca_bundle", "cli_pager", "s3",
    "sts_regional_endpoints", "use_fips_endpoint", "use_dualstack_endpoint", "defaults_mode", "parameter_validation",
    "tcp_keepalive", "sigv4a_signing_region_set", "request_min_compression_size_bytes", "login_session",
    "ec2_metadata_service_endpoint",
    "ignore_configured_endpoint_urls", "user_agent_appid", "account_id_endpoint_mode", "response_checksum_validation",
)  # fmt: skip
VALUES = (
    "eu-west-3", "json", "p", "q", "default", "nobody", "", " ", "true", "maybe", "-1", "0",
    "99999999999999999999", "3.5",
    "Environment", "Ec2InstanceMetadata", "EcsContainer", "arn:aws:iam::111122223333:role/x", "role/x",
    "sh -c 'echo", "true",
    "printf '{\"Version\": 1}'", "/nope/program", "https://corp.example.com/start", "http://127.0.0.1:9",
    "127.0.0.1:9", "http://[::1",
    "ftp://x", "/nope/file", "/", "corp", "AKIAEXAMPLE", "a b", "ä", "\u2028", "%(region)s", "%", "$HOME", "#",
    ";x", "[x]", "=", ":",
    "standard", "adaptive", "legacy", "us-moon-1", "eu_west_3", "Yes", "1e9", "\\", "'", '"', "\x0b", "\x1f",
    "sdk::sso", "1" * 300, "2", "https://127.0.0.1:9", "http://127.0.0.1:9/x?y", "http://me:word@127.0.0.1:9",
    "us-est-1", "eu-west-3.", "cn-north-1", "s",
)  # fmt: skip
REACHED = ("endpoint_url", "region", "max_attempts", "retry_mode", "ca_bundle", "services", "use_fips_endpoint")
"""What a call comes to once it has credentials."""
USABLE = ("region = eu-west-3", "endpoint_url = http://127.0.0.1:9")
WORKING = ["aws_access_key_id = AKIAEXAMPLE", "aws_secret_access_key = x"]


def aws_config(rng: random.Random) -> str:
    """An AWS config with profile p, in which anything may stand; mostly with what a call needs to go out."""
    names = ("profile p", "profile q", "profile q", "default", "sso-session corp", "services s", "p", "")
    sections = [rng.choice(names) for _ in range(rng.randint(0, 3))]
    lines = ["[profile p]", *_settings(rng)]
    if rng.random() < 0.6:
        usable = [line for line in USABLE if rng.random() < 0.4]
        reached = [name for name in REACHED if not any(line.startswith(name) for line in usable)]
        lines = ["[profile p]", *WORKING, *usable, *_settings(rng, reached, 2)]
    for section in sections[: 1 if rng.random() < 0.8 else None]:
        lines += [f"[{section}]", *(_services(rng) if section.startswith("services") else _settings(rng))]
    return _damaged(rng, "\n".join(lines) + "\n")


def _services(rng: random.Random) -> list[str]:
    """The lines of a `services` section, whose settings have lines of their own."""
    services = [rng.choice(("cloudformation", "sts", "ssm", "s3")) for _ in range(rng.randint(0, 1))]
    return [f"{name} =\n  endpoint_url = {rng.choice(VALUES)}" for name in services] or _settings(rng)


def _settings(rng: random.Random, names: Sequence[str] = KEYS, most: int = 5) -> list[str]:
    made, keys = [], rng.sample(names, len(names))
    for _ in range(rng.randint(0, most)):
        key, value = keys.pop(), rng.choice(VALUES)
        forms = (
            f"{key} = {value}",
            f"{key}={value}",
            f"{key} =\n  a = {value}",
            f"{key}: {value}",
            f"{key} =\n  {value}",
        )
        made.append(rng.choice(forms))
    return made


def _damaged(rng: random.Random, text: str) -> str:
    """The text, or a part of it, or with something in it that does not belong there."""
    at = rng.randint(0, len(text))
    return rng.choice(
        (text, text, text, text[:at], text[:at] + rng.choice("\x00[]={}\"'\n\t\ufeff\\%") + text[at:], "\ufeff" + text)
    )


def _value(rng: random.Random, depth: int = 0) -> object:
    plain: list[object] = ["", "x", "AKIAEXAMPLE", "2099-01-01T00:00:00Z", "soon", 0, 1, -1, 2**70, 1.5, True, None]
    if depth < 2 and rng.random() < 0.2:
        return rng.choice(([_value(rng, depth + 1)], {"Version": _value(rng, depth + 1)}))
    return rng.choice(plain)


def _document(rng: random.Random, names: tuple[str, ...]) -> str:
    held = {name: _value(rng) for name in names if rng.random() < 0.8}
    if rng.random() < 0.5:
        held |= {"Version": 1, "expiresAt": "2099-01-01T00:00:00Z"}  # else little behind these is ever read
    text = json.dumps(rng.choice((held, held, held, held, [held], _value(rng))), ensure_ascii=rng.random() < 0.5)
    return _damaged(rng, text)


def process_output(rng: random.Random) -> str:
    """What a credential process prints."""
    names = ("Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId")
    return _document(rng, names)


def sso_cache(rng: random.Random) -> str:
    """What the file of a sign-in holds."""
    names = (
        "accessToken",
        "expiresAt",
        "refreshToken",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
        "region",
        "startUrl",
    )
    return _document(rng, names)


ERROR = "<ErrorResponse><Error><Code>Throttling</Code><Message>m</Message></Error></ErrorResponse>"
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/x</Arn>"
    "<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
WHOLE = (
    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><StackStatus>CREATE_COMPLETE"
    "</StackStatus><StackId>arn:aws:cloudformation:eu-west-3:111122223333:stack/x/1</StackId></member></Stacks>"
    "</DescribeStacksResult></DescribeStacksResponse>"
)
STACKS = (
    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName>"
    "<StackStatus>ODD</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
)


def answer(rng: random.Random) -> str:
    """The body of an HTTP answer."""
    names = ("Account", "Arn", "UserId", "Error", "message", "__type", "Stacks", "SessionId", "Sessions", "Content")
    text = rng.choice(("<html><body>Please sign in.</body></html>", ERROR, IDENTITY, STACKS, WHOLE, ""))
    return _damaged(rng, text) if rng.random() < 0.7 else _document(rng, names)


TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters: {P: {Type: String, AllowedValues: ["Yes", "No"], Default: "Yes"}}
Mappings: {M: {a: {b: c}}}
Conditions: {C: !Equals [!Ref P, "Yes"]}
Resources:
  Role:
    Type: AWS::IAM::Role
    Condition: C
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: "*"}, Action: sts:AssumeRole}]
      Policies:
      - PolicyName: p
        PolicyDocument: {Statement: [{Sid: A, Effect: Allow, Action: "*", Resource: !Sub "*"}]}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: !If [C, a, !Ref AWS::NoValue]}}
Outputs: {O: {Value: !GetAtt Role.Arn}}
"""
ODD = (
    "{}", "[]", "null", "~", "1", "!Ref X", "!Sub [x, y]", "!Sub", "!If [C]", "!If []",
    "!If [C, {Ref: [1]}, 2]", "!GetAtt [a]",
    "!FindInMap [M]", "!Rain::Module x", "{Fn::If: x}", "{Ref: {}}", "{Fn::ForEach::X: 1}",
    '{"Fn::Transform": 1}', "0777", "12:30:45",
    "2001-01-01", "*a", "&a x", "{? [a] : b}", "{1: 2}", "{null: x}", "!!binary aa", "- x", "\x00",
    "!Join [a]", "!Cidr 1", "é", "'",
)  # fmt: skip


def template(rng: random.Random) -> str:
    """A template in which some value is another than it should be."""
    lines = TEMPLATE.splitlines()
    for _ in range(rng.randint(0, 2)):
        at = rng.randrange(len(lines))
        key, colon, value = lines[at].partition(": ")
        lines[at] = rng.choice(
            (f"{key}{colon}{rng.choice(ODD)}", f"{key}: {value}\n{key}: {value}", "", f"  {lines[at]}")
        )
    text = "\n".join(lines) + "\n"
    return _damaged(rng, text) if rng.random() < 0.3 else text
