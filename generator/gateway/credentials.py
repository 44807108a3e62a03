"""The credentials of a session, fetched once before the first call, so that what is wrong with them is said in words.

botocore lets through whatever a credential process, a file of a sign-in or a container's service makes it stumble
over: a JSONDecodeError, a KeyError, a ValueError of shlex. Where in botocore it stumbled says whose fault it is.
"""

from __future__ import annotations

import os
import re
import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import GetPassWarning
from pathlib import Path
from typing import Any

from botocore import exceptions as boto

from generator.errors import DeployerError
from generator.gateway.concerned import about_profile
from generator.gateway.credential_process import ending, to_show
from generator.gateway.endpoints import configured_endpoint
from generator.gateway.half_sources import require_no_half
from generator.gateway.local_errors import bare, code_wanted, file_and_fault
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
ENVIRONMENT = Source(
    frozenset({"EnvProvider"}),
    "The AWS credentials in the environment",
    "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION.",
)
SOURCES = (
    PROCESS,
    ENVIRONMENT,
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

    None at all is no error here, unless one is half there: the first call says so.
    """
    profile = session.profile_name
    _take_no_code_from_nowhere()
    with about_profile(profile), translated("AWS", "credentials", {}), _explained(profile):
        _share_cached_roles(core)
        credentials = session.get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
    if frozen is None:
        require_no_half(core, profile)
        return
    _require_key(frozen, "in the environment" if credentials.method == "env" else f"of profile {profile}")


def _require_key(frozen: Any, whose: str) -> None:
    """Raises DeployerError for credentials that botocore has taken and cannot sign with; a token may be missing."""
    for part, name in (frozen.access_key, "access key ID"), (frozen.secret_key, "secret access key"):
        if part is None or part == "":
            raise _unusable_key(whose, f"hold no {name}")
    for part in (frozen.access_key, frozen.secret_key, frozen.token or "-"):
        if not isinstance(part, str) or not re.fullmatch(r"[!-~]+", part):
            raise _unusable_key(whose, "hold something that cannot be part of a key, such as a space or a line end")


def _unusable_key(whose: str, why: str) -> DeployerError:
    hint = "Set them again, without quotes and without anything before or behind them."
    return DeployerError(f"The AWS credentials {whose} {why}.", hint, code="credentials")


ROLE_CACHE = Path("~/.aws/cli/cache")  # of the AWS CLI, which keeps there what it got for a role
ROLES = ("assume-role", "assume-role-with-web-identity")


def _share_cached_roles(core: Any) -> None:
    """Keep a role's credentials where the `aws` CLI keeps them, so that an MFA code is asked for once in their life.

    botocore writes the files with mode 0600 (botocore.utils.JSONFileCache). Their names do not tell one endpoint from
    another: what a sandbox gave would be shown to AWS, so where an endpoint for STS is set, nothing is kept.
    """
    if _endpoint_is_set(core):
        return
    from botocore.utils import JSONFileCache, parse_timestamp

    class BestEffortCache(JSONFileCache):  # type: ignore[misc]
        """A cache for convenience: where the home directory is read-only, the credentials are used and not kept; what
        is no entry, as of a file cut short, is none."""

        def __contains__(self, cache_key: str) -> bool:
            with suppress(KeyError, TypeError, ValueError, RecursionError):
                entry = self[cache_key]["Credentials"]
                parse_timestamp(entry["Expiration"])
                return all(isinstance(entry[name], str) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
            return False

        def __setitem__(self, cache_key: str, value: Any) -> None:
            with suppress(OSError):
                super().__setitem__(cache_key, value)

    resolver = core.get_component("credential_provider")
    for name in ROLES:
        resolver.get_provider(name).cache = BestEffortCache(str(ROLE_CACHE.expanduser()))


def _endpoint_is_set(core: Any) -> bool:
    """Whether STS is asked elsewhere than at AWS, as botocore has it: other services' endpoints give no credentials."""
    return bool(configured_endpoint(core, "sts"))


def _take_no_code_from_nowhere() -> None:
    """Have the question for an MFA code fail where no terminal can hide what is typed; getpass would read a pipe.

    From now on: a role is assumed anew in the middle of a long command, too.
    """
    warnings.simplefilter("error", GetPassWarning)


@contextmanager
def _explained(profile: str) -> Iterator[None]:
    try:
        yield
    except boto.CredentialRetrievalError as error:
        provider, reason = error.kwargs.get("provider", ""), bare(error.kwargs.get("error_msg", ""))
        option, ended = _option(profile), ending(error)
        raise DeployerError(
            f"The credential_process of profile {profile} {ended}."
            if ended
            else f"Profile {profile} got no credentials from {provider}: {reason}.",
            PROCESS.hint.format(option=option) if provider == "custom-process" else _CHECK.format(option=option),
            code="credential-retrieval",
        ) from to_show(error)
    except boto.ParamValidationError as error:  # a setting, or what a file of a sign-in holds, sent on as it was
        raise _not_taken(error, profile) from error
    except (boto.BotoCoreError, boto.ClientError):
        raise  # these say what they are
    except Exception as error:  # a credential plugin can raise anything, and its text may hold a secret
        raise _stumbled(error, profile) from error


_CHECK = "Check where that profile takes its credentials from: aws configure list{option}"


def _stumbled(error: Exception, profile: str) -> DeployerError:
    """What to say of an exception that is none of botocore's own; never its text, which may hold what was read."""
    if isinstance(error, GetPassWarning):
        return code_wanted(f"profile {profile}")
    places = _places(error)
    option = _option(profile)
    asked = [place for place in places if not place.endswith(".__init__")]  # all are made, one is asked
    within = {place.partition(".")[0] for place in asked}
    source = next((each for each in SOURCES if each.classes & within), None)
    if source is None and profile == "default" and os.environ.get("AWS_ACCESS_KEY_ID"):
        source = ENVIRONMENT
    what = source.what.format(profile=f"profile {profile}") if source else f"The credentials of profile {profile}"
    reason = _reason(error, places, source)
    hint = (source.hint if source else _CHECK).format(option=option)
    return DeployerError(f"{what} {reason}.", hint, code="credentials")


def _not_taken(error: boto.ParamValidationError, profile: str) -> DeployerError:
    """What to say where AWS cannot be asked with what a profile holds: the names only, as a value may be a secret."""
    names = dict.fromkeys(re.findall(r"parameter (?:in input: )?\"?(\w+)", str(error.kwargs.get("report", ""))))
    if names.keys() == {"WebIdentityToken"}:
        token = next(source for source in SOURCES if "AssumeRoleWithWebIdentityProvider" in source.classes)
        what = token.what.format(profile=f"profile {profile}")
        return DeployerError(f"{what} is not one that AWS accepts.", token.hint, code="credentials")
    if not {"RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds", "SerialNumber"} & set(names):
        return _stumbled(error, profile)
    settings = ", ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in names)
    return DeployerError(
        f"Profile {profile} cannot take its role: AWS does not accept its {settings}.",
        f"Correct it in your AWS config: aws configure get role_arn{_option(profile)}",
        code="invalid-config",
    )


def _option(profile: str) -> str:
    return "" if profile == "default" else f" --profile {shlex.quote(profile)}"


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
        return f"cannot be used: {file_and_fault(error)}"
    if "compat_shell_split" in places:
        return "cannot be split into words: a quotation mark is missing"
    if type(error) is RuntimeError:  # of which RecursionError, over JSON that is deep, is a child
        return "had expired when they came"
    if source is PROCESS:
        return "is empty" if isinstance(error, IndexError) else "printed something other than what AWS asks for"
    return "cannot be read"
