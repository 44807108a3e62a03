"""The credentials of a session, fetched once before the first call, so that what is wrong with them is said in words.

botocore lets through whatever a credential process, a file of a sign-in or a container's service makes it stumble
over: a JSONDecodeError, a KeyError, a ValueError of shlex. Where in botocore it stumbled says whose fault it is.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import GetPassWarning
from pathlib import Path
from typing import Any

from botocore import exceptions as boto

from generator.errors import DeployerError
from generator.gateway.translate import translated


@dataclass(frozen=True)
class Source:
    """A place where credentials come from. `classes` are those of botocore that deal with it (botocore 1.43)."""

    classes: frozenset[str]
    what: str
    hint: str


SIGN_IN = "Sign in again with: aws sso login"
PROCESS = Source(
    frozenset({"ProcessProvider"}),
    "The credential_process of {profile}",
    "See its command line with: aws configure get credential_process{option}; run by itself it must print JSON with "
    "Version 1, AccessKeyId and SecretAccessKey.",
)
SOURCES = (
    PROCESS,
    Source(
        frozenset({"SSOTokenLoader", "SSOTokenProvider", "SSOCredentialFetcher", "SSOProvider"}),
        "The sign-in of {profile} that is stored on this computer",
        SIGN_IN,
    ),
    Source(
        frozenset({"LoginProvider", "LoginCredentialFetcher", "LoginTokenLoader"}),
        "The sign-in of {profile} that is stored on this computer",
        "Sign in again with: aws login",
    ),
    Source(
        frozenset({"AssumeRoleWithWebIdentityProvider", "AssumeRoleWithWebIdentityCredentialFetcher"}),
        "The web identity token of {profile}",
        "Check AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file in your AWS config.",
    ),
    Source(
        frozenset({"ContainerProvider", "ContainerMetadataFetcher"}),
        "The container's credentials service",
        "Check the variables whose names begin with AWS_CONTAINER_.",
    ),
)


def require_usable(session: Any, core: Any) -> None:
    """Fetch the credentials of a boto3 session over `core`, its botocore session.

    Raises DeployerError that names the profile and what to do.

    None at all is no error here: the first call says so.
    """
    profile = session.profile_name
    with translated("AWS", "credentials", {}), _explained(profile), _no_code_from_nowhere():
        _share_cached_roles(core)
        credentials = session.get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else ()
    parts = [part for part in frozen if part is not None]
    if not all(isinstance(part, str) and re.fullmatch(r"[!-~]+", part) for part in parts):
        whose = "in the environment" if credentials.method == "env" else f"of profile {profile}"
        raise DeployerError(
            f"The AWS credentials {whose} hold something that cannot be part of a key, such as a space or a line end.",
            "Set them again, without quotes and without anything before or behind them.",
            code="credentials",
        )


ROLE_CACHE = Path("~/.aws/cli/cache")  # of the AWS CLI, which keeps there what it got for a role
ROLES = ("assume-role", "assume-role-with-web-identity")


def _share_cached_roles(core: Any) -> None:
    """Keep a role's credentials where the `aws` CLI keeps them, so that an MFA code is asked for once in their life.

    botocore writes the files with mode 0600 (botocore.utils.JSONFileCache). Their names do not tell one endpoint from
    another: what a sandbox gave would be shown to AWS, so where an endpoint is set, nothing is kept.
    """
    if _endpoint_is_set(core.get_scoped_config()):
        return
    from botocore.utils import JSONFileCache

    class BestEffortCache(JSONFileCache):  # type: ignore[misc]
        """A cache for convenience: where the home directory is read-only, the credentials are used and not kept."""

        def __setitem__(self, cache_key: str, value: Any) -> None:
            with suppress(OSError):
                super().__setitem__(cache_key, value)

    resolver = core.get_component("credential_provider")
    for name in ROLES:
        resolver.get_provider(name).cache = BestEffortCache(str(ROLE_CACHE.expanduser()))


def _endpoint_is_set(profile: Mapping[str, Any]) -> bool:
    variables = any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ)
    return variables or "endpoint_url" in profile or "services" in profile


@contextmanager
def _no_code_from_nowhere() -> Iterator[None]:
    """Have the question for an MFA code fail where no terminal can hide what is typed; getpass would read a pipe."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        yield


@contextmanager
def _explained(profile: str) -> Iterator[None]:
    try:
        yield
    except boto.CredentialRetrievalError as error:
        provider, reason = error.kwargs.get("provider", ""), " ".join(str(error.kwargs.get("error_msg", "")).split())
        option = "" if profile == "default" else f" --profile {profile}"
        raise DeployerError(
            f"Profile {profile} got no credentials from {provider}: {reason.rstrip('.') or 'it gave no reason'}.",
            PROCESS.hint.format(option=option) if provider == "custom-process" else _CHECK.format(option=option),
            code="credential-retrieval",
        ) from error
    except boto.ParamValidationError as error:  # what a file of a sign-in holds, sent on as it was
        raise _stumbled(error, profile) from error
    except (boto.BotoCoreError, boto.ClientError):
        raise  # these say what they are
    except Exception as error:  # a credential plugin can raise anything, and its text may hold a secret
        raise _stumbled(error, profile) from error


_CHECK = "Check where that profile takes its credentials from: aws configure list{option}"


def _stumbled(error: Exception, profile: str) -> DeployerError:
    """What to say of an exception that is none of botocore's own; never its text, which may hold what was read."""
    if isinstance(error, GetPassWarning):
        return DeployerError(
            f"Profile {profile} needs an MFA code, and there is no terminal to ask for it.",
            "Run a command with it at a terminal once, such as deployer status: while the role's credentials last, no "
            "other asks for a code.",
            code="mfa",
        )
    places = _places(error)
    option = "" if profile == "default" else f" --profile {profile}"
    source = next((each for each in SOURCES if each.classes & {place.partition(".")[0] for place in places}), None)
    what = source.what.format(profile=f"profile {profile}") if source else f"The credentials of profile {profile}"
    reason = _reason(error, places, source)
    hint = (source.hint if source else _CHECK).format(option=option)
    return DeployerError(f"{what} {reason}.", hint, code="credentials")


def _places(error: Exception) -> list[str]:
    """The functions of botocore in which it happened, like ProcessProvider.load; the outermost first."""
    places, traceback = [], error.__traceback__
    while traceback:
        if traceback.tb_frame.f_globals.get("__name__", "").startswith("botocore."):
            places.append(traceback.tb_frame.f_code.co_qualname)
        traceback = traceback.tb_next
    return places


def _reason(error: Exception, places: list[str], source: Source | None) -> str:
    if isinstance(error, OSError):
        return f"cannot be used: {error.strerror}: {error.filename}"
    if "compat_shell_split" in places:
        return "cannot be split into words: a quotation mark is missing"
    if isinstance(error, RuntimeError):
        return "had expired when they came"
    if source is PROCESS:
        return "is empty" if isinstance(error, IndexError) else "printed something other than what AWS asks for"
    return "cannot be read"
