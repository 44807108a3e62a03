"""From botocore's exceptions to ours, in one table.

A row says which error code and text of AWS it covers, what to raise, and where the text is known from. Anything unknown
becomes an AwsError that names operation, code and request id.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from generator.errors import MAY_CALL, AwsError, DeployerError, NotFound, UsageError, is_denial
from generator.gateway import cloudformation_errors, resource_state_errors, surroundings
from generator.gateway.error_row import REGION, ErrorRow, Source, sentence

LONGEST_ECHO = 100
ECHO = re.compile(r"Value '(?P<value>.*?)'(?= at '(?P<field>[\w.]+)' failed to satisfy constraint)", re.DOTALL)
SECRET_FIELD = re.compile("value|secret|password|token|string", re.IGNORECASE)
"""How AWS repeats an invalid field of a request, for any service of the JSON and query protocols."""


def _not_found(message: str, params: Mapping[str, Any]) -> DeployerError:
    return NotFound(sentence(message), "Check the name, the account and the region.")


REDIRECTION, SERVER_ERROR = 300, 500
THROTTLED_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "EC2ThrottledException",
        "SlowDown",
    }
)
"""The codes of botocore's standard retry mode, less those that also name a quota (LimitExceededException)."""
TRANSIENT_CODES = THROTTLED_CODES | {
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "PriorRequestNotComplete",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Unavailable",
}
PASSING = (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, boto.MetadataRetrievalError)
"""The network's own failures: no name, no route, cut, timed out; and the instance's credentials not to be had."""

ROWS: tuple[ErrorRow, ...] = (
    *cloudformation_errors.ROWS,
    *resource_state_errors.ROWS,
    ErrorRow("ResourceNotFoundException", "", _not_found, Source.DOCUMENTED),
    ErrorRow("NoSuchEntity", "", _not_found, Source.DOCUMENTED),
    ErrorRow("NotFoundException", "", _not_found, Source.DOCUMENTED),
    ErrorRow("InvalidInstanceID.NotFound", "", _not_found, Source.DOCUMENTED),
    ErrorRow("InvalidInstanceID.Malformed", "", _not_found, Source.DOCUMENTED),
    ErrorRow("DBClusterNotFoundFault", "", _not_found, Source.DOCUMENTED),
    ErrorRow("DBInstanceNotFound", "", _not_found, Source.DOCUMENTED),
)


@contextmanager
def translated(service: str, operation: str, params: Mapping[str, Any], client: Any = None) -> Iterator[None]:
    """Run one call of a botocore client; turn botocore's exceptions into DeployerErrors."""
    region = str(client.meta.region_name or "") if client else ""
    try:
        yield
    except boto.ClientError as error:
        raise _from_client_error(service, error, {**params, REGION: region}) from error
    except boto.BotoCoreError as error:
        raise (surroundings.cause_of(error, client) or _from_local_error(service, operation, error)) from error
    except surroundings.PasswordWanted as error:
        raise surroundings.password_wanted(service, operation, client) from error
    except ResponseParserError as error:
        raise not_aws(service, operation) from error
    except DeployerError:
        raise
    except Exception as error:  # botocore stumbled; the text of its error may hold what it read
        if _in_parser(error):
            raise not_aws(service, operation) from error
        raise AwsError(
            f"{service} could not be asked for {operation}: botocore failed with {type(error).__name__}.",
            "Check your AWS settings: aws configure list; --debug shows where it failed.",
            operation=operation,
        ) from error


@contextmanager
def settings_read() -> Iterator[None]:
    """Turn what botocore raises over the AWS config and its variables, before any call, into DeployerErrors."""
    try:
        yield
    except boto.BotoCoreError as error:
        raise _from_settings(error) from error
    except DeployerError:
        raise
    except OSError as error:
        raise _unusable(
            f"{error.filename or 'a file that it names'}: {error.strerror or type(error).__name__}."
        ) from error
    except Exception as error:  # the text of its error may hold what it read
        if isinstance(error, ValueError) and "endpoint" in str(error).lower():
            raise
        raise _unusable(f"botocore fails over a setting in it with {type(error).__name__}.") from error


def _from_settings(error: boto.BotoCoreError) -> DeployerError:
    if any(isinstance(error, kind) for kind, _, _ in _LOCAL):
        return _from_local_error("AWS", "settings", error)
    return _unusable(sentence(str(error)))


def _unusable(why: str) -> DeployerError:
    hint = "Fix that setting in the file or in the variable that it comes from; see both with: aws configure list"
    return DeployerError(f"Your AWS config cannot be used: {why}", hint, code="invalid-config")


def not_aws(service: str, operation: str) -> DeployerError:
    """An answer that does not have the form of AWS's answers."""
    return DeployerError(
        f"What answered {service}'s {operation} is not AWS, or something on the way changed the answer.",
        surroundings.NOT_AWS,
        code="not-aws",
        transient=True,  # where AWS answered a moment ago, it is a load balancer's page, and it passes
    )


def refuse_foreign_answer(operation_model: Any, response_dict: Mapping[str, Any], **others: Any) -> None:
    """Raise ResponseParserError for a page in the place of JSON: botocore takes it for an answer that says nothing;
    and PasswordWanted for a proxy's own answer.

    A handler of botocore's event `before-parse`. An operation without an answer may send no body, or null.
    """
    if response_dict["status_code"] == surroundings.PASSWORD_WANTED:
        raise surroundings.PasswordWanted
    if operation_model.service_model.resolved_protocol not in ("json", "rest-json"):
        return
    body = b"" if operation_model.has_streaming_output else response_dict["body"].strip()
    if body == b"null" and operation_model.output_shape is None:
        return
    if response_dict["status_code"] < REDIRECTION and body and not body.startswith(b"{"):
        raise ResponseParserError("The body is not a JSON object.")


def _in_parser(error: Exception) -> bool:
    """Whether it was the reading of an answer that failed."""
    traceback = error.__traceback__
    while traceback:
        if traceback.tb_frame.f_globals.get("__name__") == "botocore.parsers":
            return True
        traceback = traceback.tb_next
    return False


@contextmanager
def endpoint_as_url() -> Iterator[None]:
    """Turn botocore's ValueError for an endpoint without http:// into a UsageError."""
    try:
        yield
    except ValueError as error:
        if "endpoint" not in str(error).lower():
            raise
        raise UsageError(
            f"AWS_ENDPOINT_URL is not an address that can be asked: {sentence(str(error))}",
            "Write it whole, like http://127.0.0.1:4566, there or as endpoint_url in your AWS config.",
            code="bad-endpoint",
        ) from error


def require_address(endpoint: str) -> None:
    """Raise ValueError for an endpoint that botocore takes and cannot ask: a port that is none, another scheme."""
    try:
        known = urlsplit(endpoint).scheme in ("http", "https") and urlsplit(endpoint).port != 0
    except ValueError as error:
        raise ValueError(f"Invalid endpoint: {_bare(endpoint)}: {error}") from None
    if not known:
        raise ValueError(f"Invalid endpoint: {_bare(endpoint)}")


def _from_client_error(service: str, error: boto.ClientError, params: Mapping[str, Any]) -> DeployerError:
    details = error.response.get("Error", {})
    code, message = " ".join(str(details.get("Code", "")).split()), _without_echo(str(details.get("Message", "")))
    for row in ROWS:
        if row.covers(code, message):
            return row.build(message, params)
    return _unknown(service, error, code, message)


def _without_echo(message: str) -> str:
    """The message without what AWS repeats of a request: a whole template, or a value that may be a secret."""
    return ECHO.sub(lambda echo: "The value" if _is_long_or_secret(echo["value"], echo["field"]) else echo[0], message)


def _is_long_or_secret(value: str, field: str) -> bool:
    return len(value) > LONGEST_ECHO or bool(SECRET_FIELD.search(field))


def _unknown(service: str, error: boto.ClientError, code: str, message: str) -> AwsError:
    metadata = error.response.get("ResponseMetadata", {})
    request_id, status = metadata.get("RequestId", ""), metadata.get("HTTPStatusCode", 0)
    if code and not code.isdigit():  # every error of AWS has a code of its own
        text = f"{service} refused {error.operation_name} ({code}): {sentence(message) or 'it gave no reason.'}"
        hint = _hint_for(code, error.operation_name, message) or (
            f"Request id for AWS support: {request_id}" if request_id else ""
        )
    elif status < SERVER_ERROR:
        text = f"Something between here and {service} answered {error.operation_name} with HTTP status {status}."
        hint = surroundings.NOT_AWS
    else:
        text = f"{service}, or something on the way to it, answered {error.operation_name} with HTTP status {status}."
        hint = "Run it again in a minute. If it stays so: " + surroundings.NOT_AWS
    return AwsError(
        text,
        hint,
        operation=error.operation_name,
        aws_code=code,
        request_id=request_id,
        transient=status >= SERVER_ERROR or code in TRANSIENT_CODES,
    )


SKEWED = re.compile(r"Signature (expired|not yet current)|Request has expired|request time and the current time")


def _hint_for(code: str, operation: str, message: str) -> str:
    if code == "RequestTimeTooSkewed" or SKEWED.search(message):  # SigV4 allows five minutes (S3: fifteen)
        return "This computer's clock is not AWS's: set it (timedatectl, or sntp), and run it again."
    if is_denial(code):
        return f"{MAY_CALL} {operation}: --profile NAME; whose these are: aws sts get-caller-identity"
    if "Expired" in code or code in ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"):
        return "Sign in again (aws sso login, or aws login), or choose other credentials with --profile."
    if code in ("SignatureDoesNotMatch", "InvalidSignatureException"):
        return "The secret access key is not that key ID's: correct both, or choose other credentials with --profile."
    if code in THROTTLED_CODES:
        return "AWS is limiting the rate of calls: wait a minute and run it again."
    if code in ("InvalidAction", "UnknownOperationException", "NotImplemented"):
        return f"This endpoint does not offer {operation}."
    return ""


def _from_local_error(service: str, operation: str, error: boto.BotoCoreError) -> DeployerError:
    """Failures before or without an answer from AWS: credentials, region, network, parameters."""
    if isinstance(error, boto.ProfileNotFound) and not error.kwargs.get("profile"):
        return DeployerError(
            "The environment names an empty AWS profile: AWS_PROFILE is set to nothing.",
            "Take it out (unset AWS_PROFILE), or name a profile with --profile.",
            code="profile-not-found",
        )
    for kind, message, hint in _LOCAL:
        if isinstance(error, kind):
            return DeployerError(
                _filled(message, error), hint, code=_slug(kind.__name__), transient=isinstance(error, PASSING)
            )
    text = sentence(str(error))
    if "header value" in text:  # which it quotes, with what signs the request
        text = "it holds a character that no HTTP header can carry."
    return AwsError(
        f"{service} could not be asked for {operation}: {text}",
        "Check the network, HTTPS_PROXY and AWS_ENDPOINT_URL." if isinstance(error, boto.HTTPClientError) else "",
        operation=operation,
        transient=isinstance(error, PASSING),
    )


def _filled(message: str, error: boto.BotoCoreError) -> str:
    """Our sentence with what the error is about; botocore's own where an error does not carry what ours names."""
    try:
        return message.format_map({name: _shown(value) for name, value in error.kwargs.items()})
    except KeyError:
        return sentence(str(error))


TWICE = {
    "DuplicateSectionError": ": that section is there already",
    "DuplicateOptionError": ": that name is there already",
}


def _shown(value: object) -> str:
    """A value of an error; of a parser's error only where it stumbled, for its text quotes what it read."""
    if isinstance(value, configparser.Error | UnicodeError) or type(value) is ValueError:
        line = getattr(value, "lineno", None) or next((number for number, _ in getattr(value, "errors", ())), None)
        return f" (line {line}{TWICE.get(type(value).__name__, '')})" if line else ""
    return _bare(value)


def _bare(value: object) -> str:
    """A value within a sentence of ours: on one line, without an end of its own, and no password of a URL."""
    return re.sub(r"//[^/@\s]*@", "//***@", " ".join(str(value).split())).rstrip(".") or "no reason was given"


SIGN_IN = "Sign in again with: aws sso login"
_LOCAL: tuple[tuple[type[boto.BotoCoreError], str, str], ...] = (
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
        "Write it like eu-central-1: with --region, or in AWS_REGION.",
    ),
    (
        boto.MissingDependencyException,
        "The profile signs in with aws login, which needs botocore's crt extra.",
        "Install it with: pip install 'botocore[crt]'",
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
        "Check AWS_CA_BUNDLE, or ca_bundle in your AWS config: a PEM file with the authority of that endpoint.",
    ),
)


def _slug(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name.removesuffix("Error").removesuffix("Exception")).lower()
