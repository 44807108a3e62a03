"""From botocore's exceptions about this computer and the way to AWS, which no answer of AWS caused, to ours."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Callable

from botocore import exceptions as boto

from generator.errors import AwsError, DeployerError
from generator.gateway import unreadable
from generator.gateway.concerned import NETWORK, without_password
from generator.gateway.credential_process import ending
from generator.gateway.error_row import sentence, shortened
from generator.gateway.tls import NAME_THE_BUNDLE
from generator.installation import sign_in_command

PASSING = (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, boto.MetadataRetrievalError)
"""The network's own failures: no name, no route, cut, timed out; and the instance's credentials not to be had."""
SETTINGS = "Check your AWS settings: aws configure list; --debug shows where it failed."


def from_local_error(service: str, operation: str, error: boto.BotoCoreError) -> DeployerError:
    """Failures before or without an answer from AWS: credentials, region, network, parameters."""
    if isinstance(error, boto.ProfileNotFound | boto.NoCredentialsError) and (why := unreadable.config_fault(error)):
        return DeployerError(
            why, "Make it a file that you may read, or correct that variable.", code="unreadable-config"
        )
    if isinstance(error, boto.ProfileNotFound) and not error.kwargs.get("profile"):
        return _empty_profile()
    if isinstance(error, boto.CredentialRetrievalError) and (ended := ending(error)):
        by_itself = "Run its command line by itself: aws configure get credential_process"
        return DeployerError(f"The credential_process {ended}.", by_itself, code="credential-retrieval")
    for kind, message, hint in LOCAL:
        if isinstance(error, kind):
            return DeployerError(
                _filled(message, error),
                hint if isinstance(hint, str) else hint(),
                code=_slug(kind.__name__),
                transient=isinstance(error, PASSING),
            )
    text = sentence(without_password(str(error)))
    step = "Check the network, HTTPS_PROXY and AWS_ENDPOINT_URL." if isinstance(error, NETWORK) else SETTINGS
    if "header value" in text:  # which it quotes, with what signs the request
        text = "what signs the request holds a character that no HTTP header can carry."
        step = "Sign in again (aws sso login, or aws login), or set the key again, without spaces and line ends in it."
    return AwsError(
        f"{service} could not be asked for {operation}: {text}",
        step,
        operation=operation,
        transient=isinstance(error, PASSING),
    )


def _empty_profile() -> DeployerError:
    """The error for a profile without a name, by who names it: botocore takes these variables in this order."""
    variable = next((name for name in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE") if name in os.environ), "")
    if not variable or os.environ[variable]:
        message, hint = "The AWS profile that was given has an empty name.", "Name one with --profile, or leave it out."
    else:
        message = f"The environment names an empty AWS profile: {variable} is set to nothing."
        hint = f"Take it out (unset {variable}), or name a profile with --profile."
    return DeployerError(message, hint, code="profile-not-found")


def file_and_fault(error: OSError) -> str:
    """What is wrong with which file, and the variable of the environment that names it, if one does."""
    path = str(error.filename or "")
    variable = next((name for name, value in os.environ.items() if path and value == path), "")
    named = f"{path}, which {variable} names" if variable else path
    return ": ".join(filter(None, (error.strerror or type(error).__name__, named)))


def code_wanted(credentials: str) -> DeployerError:
    """The error for a role whose MFA code cannot be asked for; `credentials` is what they are called in a sentence."""
    whose = credentials[:1].upper() + credentials[1:] or "A role"
    return DeployerError(
        f"{whose} needs an MFA code, and there is no terminal to ask for it.",
        "Run a command with it at a terminal once, such as deployer status: while the role's credentials last, no "
        "other asks for a code.",
        code="mfa",
    )


def _filled(message: str, error: boto.BotoCoreError) -> str:
    """Our sentence with what the error is about; botocore's own where an error does not carry what ours names."""
    try:
        return message.format_map({name: _shown(value) for name, value in error.kwargs.items()})
    except KeyError:
        return sentence(without_password(str(error)))


TWICE = {
    "DuplicateSectionError": ": that section is there already",
    "DuplicateOptionError": ": that name is there already",
}


def _shown(value: object) -> str:
    """A value of an error; of a parser's error only where it stumbled, for its text quotes what it read."""
    if isinstance(value, configparser.Error | UnicodeError) or type(value) is ValueError:
        line = getattr(value, "lineno", None) or next((number for number, _ in getattr(value, "errors", ())), None)
        return f" (line {line}{TWICE.get(type(value).__name__, '')})" if line else ""
    return bare(value)


def bare(value: object) -> str:
    """A value within a sentence of ours: on one line, without an end of its own, and no password of a URL.

    A name with a line end, a space or a full stop at its end, which nobody would see, is shown in quotes; so is one
    without letters and digits, or with a character that no terminal shows.
    """
    text = str(value).replace(" Received <class 'str'> instead", "")
    if isinstance(value, str) and text and len(text.split()) <= 1 and not _shows_itself(text):
        return repr(text)
    return without_password(shortened(" ".join(text.split()))).rstrip(".") or "no reason was given"


def _shows_itself(name: str) -> bool:
    whole = name == name.strip().rstrip(".") and name.isprintable()
    return whole and any(map(str.isalnum, name))


SIGN_IN = "Sign in again with: aws sso login"
LOCAL: tuple[tuple[type[boto.BotoCoreError], str, str | Callable[[], str]], ...] = (
    (
        boto.NoCredentialsError,
        "No AWS credentials were found.",
        (
            "Sign in (aws sso login, or aws login), name a profile with --profile, or try it all without an account: "
            "deployer sandbox start"
        ),
    ),
    (
        boto.PartialCredentialsError,
        "The AWS credentials found are incomplete: {cred_var} is missing.",
        (
            "A key needs both halves, aws_access_key_id and aws_secret_access_key in the profile, or both variables "
            "AWS_…; a role needs source_profile or credential_source."
        ),
    ),
    (
        boto.ProfileNotFound,
        "There is no profile {profile} in your AWS config.",
        "List them with: aws configure list-profiles; name one with --profile, or create it with: aws configure sso",
    ),
    (
        boto.CredentialRetrievalError,
        "No credentials came from {provider}: {error_msg}.",
        "Check where your profile takes its credentials from, in your AWS config.",
    ),
    (
        boto.InfiniteLoopConfigError,
        "source_profile of profile {source_profile} leads back to a profile before it.",
        "Fix that profile in ~/.aws/config.",
    ),
    (
        boto.InvalidConfigError,
        "Your AWS config cannot be used: {error_msg}.",
        "Fix it where it is set: that profile in ~/.aws/config, or an environment variable that AWS reads.",
    ),
    (
        boto.ConfigParseError,
        "Your AWS config {path} cannot be read{error}.",
        "Fix the file: it has [sections] of NAME = VALUE.",
    ),
    (
        boto.InvalidIMDSEndpointError,
        "The endpoint of the EC2 metadata service, {endpoint}, is no address.",
        "Fix ec2_metadata_service_endpoint in your AWS config, or AWS_EC2_METADATA_SERVICE_ENDPOINT.",
    ),
    (
        boto.NoRegionError,
        "No AWS region is set.",
        "Give --region eu-central-1, set AWS_REGION, or store it once: deployer config set region eu-central-1",
    ),
    (
        boto.InvalidRegionError,
        "{region_name} cannot be the name of an AWS region.",
        "Write it like eu-central-1: with --region, in AWS_REGION, or as region in your AWS config.",
    ),
    (
        boto.RefreshWithMFAUnsupportedError,
        "The credentials have expired, and new ones need an MFA code.",
        "Run it again at a terminal, where the code can be asked for.",
    ),
    (
        boto.MissingDependencyException,
        "The profile signs in with aws login, which needs botocore's crt extra.",
        lambda: f"Install it with: {sign_in_command()}",
    ),
    (boto.SSOError, "You are not signed in, or the SSO session has expired.", SIGN_IN),
    (boto.TokenRetrievalError, "The SSO session has expired.", SIGN_IN),
    (boto.LoginError, "You are not signed in, or the sign-in has expired.", "Sign in again with: aws login"),
    (
        boto.EndpointConnectionError,
        "The AWS endpoint {endpoint_url} could not be reached.",
        "Check the region's name, the network, HTTPS_PROXY and AWS_ENDPOINT_URL (the sandbox: deployer sandbox start).",
    ),
    (
        boto.ConnectTimeoutError,
        "The AWS endpoint {endpoint_url} did not answer in time.",
        "Check the network and HTTPS_PROXY.",
    ),
    (boto.ProxyConnectionError, "The proxy {proxy_url} refused the connection.", "Check HTTPS_PROXY and NO_PROXY."),
    (
        boto.SSLError,
        "The TLS certificate of {endpoint_url} was not accepted: {error}.",
        NAME_THE_BUNDLE,
    ),
)


def _slug(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name.removesuffix("Error").removesuffix("Exception")).lower()
