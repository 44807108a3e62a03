"""Whose credentials and which endpoint an error is about: its sentence names them, wherever it was made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as boto

from generator.errors import DeployerError, UsageError
from generator.model.command_line import CommandLine

KEYS = "the keys in the environment"
CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.RefreshWithMFAUnsupportedError,
    boto.MissingDependencyException,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.UnknownCredentialError,
    boto.UnknownTokenProviderError,
    boto.SSOError,
    boto.LoginError,
    boto.ProfileNotFound,
    boto.InvalidConfigError,
    boto.InfiniteLoopConfigError,
)
"""What can go wrong with credentials, also in the middle of a command, when they are renewed."""
NETWORK = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.IncompleteReadError,
    boto.ChecksumError,
    boto.FlexibleChecksumError,
    boto.AwsChunkedWrapperError,
)
OF_CREDENTIALS = re.compile(
    r"Expired|InvalidClientTokenId|UnrecognizedClient|AuthFailure|SignatureDoesNotMatch|InvalidSig"
)
"""AWS's codes for credentials that are dead, unknown or wrong; their text does not say whose they are."""
OF_SOMETHING_ELSE = frozenset(
    {"ca-bundle", "no-region", "invalid-region", "profile-not-found", "config-parse", "unreadable-config"}
)
"""The codes of errors that name what is wrong, which is no profile's."""
_ATTRIBUTE, _COMMANDS = "deployer_credentials", "deployer_commands"


def profile_in_force(profile: str | None) -> str:
    """The name of the profile that botocore takes, `default` where none is named."""
    return profile or os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or "default"


def credentials_of(session: Any) -> str:
    """What the credentials of a boto3 session are called in a sentence; it must have fetched them."""
    credentials = session.get_credentials()
    from_environment = credentials is not None and credentials.method == "env"
    return KEYS if from_environment else f"profile {session.profile_name}"


def remember(client: Any, credentials: str) -> None:
    """Have errors of a botocore client's calls name those credentials."""
    setattr(client.meta, _ATTRIBUTE, credentials)


def remembered(client: Any) -> str:
    """What the credentials of a client are called; "" where that is not known."""
    return str(getattr(client.meta, _ATTRIBUTE, "")) if client else ""


def remember_commands(client: Any, commands: CommandLine) -> None:
    """Have errors of a botocore client's calls print commands for that profile, region and sandbox."""
    setattr(client.meta, _COMMANDS, commands)


def commands_of(client: Any) -> CommandLine:
    """What commands in errors of a client's calls are for; without one, for the environment's own."""
    commands = getattr(client.meta, _COMMANDS, None) if client else None
    return commands if isinstance(commands, CommandLine) else CommandLine()


def endpoint_of(client: Any) -> str:
    """The address that a client asks, without the password in it; "" without a client."""
    return without_password(str(client.meta.endpoint_url)) if client else ""


def without_password(text: str) -> str:
    """The text, the user name and the password of each URL in it covered."""
    return re.sub(r"//[^/@\s]*@", "//***@", text)


def named(ours: DeployerError, error: Exception, client: Any) -> DeployerError:
    """The error that is ours of a call, its sentence with the credentials or the endpoint that is the cause."""
    if isinstance(error, NETWORK) and not isinstance(ours, UsageError):  # which is about what was typed
        return _with(ours, endpoint_of(client))
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, boto.ClientError) else ""
    if isinstance(error, CREDENTIALS) or OF_CREDENTIALS.search(str(code)):
        return _with(ours, remembered(client))
    return ours


@contextmanager
def about_profile(profile: str) -> Iterator[None]:
    """Have the sentence of each error within name the profile, unless it names an address or the profile itself, or
    is about what was typed."""
    try:
        yield
    except DeployerError as error:
        elsewhere = error.code in OF_SOMETHING_ELSE or isinstance(error, UsageError)
        ours = error if elsewhere else _with(error, f"profile {profile}")
        if ours is error:
            raise
        raise ours from error


def _with(ours: DeployerError, name: str) -> DeployerError:
    message = ours.message
    as_written = rf"(?i)\b{re.escape(name)}(?![\w-])"
    if (
        not name
        or "://" in message
        or "in the environment" in message
        or re.search(as_written, message.replace('"', "").replace("'", ""))
    ):
        return ours
    return ours.explained(f"{message.rstrip('.')} ({name}).")
