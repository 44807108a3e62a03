"""From botocore's exceptions to ours, in one table.

A row says which error code and text of AWS it covers, what to raise, and where the text is known from. Anything unknown
becomes an AwsError that names operation, code and request id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from getpass import GetPassWarning
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from generator.errors import MAY_CALL, AwsError, DeployerError, NotFound, UsageError, is_denial
from generator.gateway import cloudformation_errors, resource_state_errors, surroundings
from generator.gateway.concerned import about_profile, commands_of, endpoint_of, named, remembered, without_password
from generator.gateway.credential_process import to_show
from generator.gateway.error_row import COMMANDS, REGION, ErrorRow, Source, sentence
from generator.gateway.local_errors import LOCAL, SETTINGS, code_wanted, file_and_fault, from_local_error
from generator.gateway.nested_settings import unparsed_setting
from generator.gateway.tls import empty_bundle
from generator.gateway.unreadable import wrong_encoding

LONGEST_ECHO = 100
ECHO = re.compile(r"Value '(?P<value>.*?)'(?= at '(?P<field>[\w.]+)' failed to satisfy constraint)", re.DOTALL)
SECRET_FIELD = re.compile("value|secret|password|token|string", re.IGNORECASE)
"""How AWS repeats an invalid field of a request, for any service of the JSON and query protocols."""


def _not_found(message: str, params: Mapping[str, Any]) -> DeployerError:
    return NotFound(sentence(message), "Check the name, the account and the region.")


REDIRECTION, SERVER_ERROR = 300, 500
SIGN_IN_TO_NETWORK = 511  # HTTP: Network Authentication Required, which no service of AWS answers
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


NO_REQUEST_ID = "Run it again. If it stays so, see what answers in AWS's place: AWS_ENDPOINT_URL, HTTPS_PROXY."


@contextmanager
def translated(service: str, operation: str, params: Mapping[str, Any], client: Any = None) -> Iterator[None]:
    """Run one call of a botocore client; turn botocore's exceptions into DeployerErrors."""
    region = str(client.meta.region_name or "") if client else ""
    try:
        yield
    except boto.ClientError as error:
        ours = _from_client_error(
            service, error, {**params, REGION: region, COMMANDS: commands_of(client)}, endpoint_of(client)
        )
        raise named(ours, error, client) from error
    except boto.BotoCoreError as error:
        ours = surroundings.cause_of(error, client) or from_local_error(service, operation, error)
        raise named(ours, error, client) from to_show(error)
    except surroundings.PasswordWanted as error:
        raise surroundings.password_wanted(service, operation, client) from error
    except ResponseParserError as error:
        raise not_aws(service, operation, endpoint_of(client)) from error
    except DeployerError:
        raise
    except GetPassWarning as error:  # a role was to be assumed anew, in the middle of the command
        raise code_wanted(remembered(client)) from error
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{service} could not be asked for {operation}: a value that was given holds bytes that are no text.",
            "Write it in UTF-8.",
        ) from error
    except Exception as error:  # botocore stumbled; the text of its error may hold what it read
        if _over_an_answer(error):
            raise not_aws(service, operation, endpoint_of(client)) from error
        place = f" ({endpoint_of(client)})" if client else ""
        raise AwsError(
            f"{service} could not be asked for {operation}: botocore failed with {type(error).__name__}{place}.",
            SETTINGS,
            operation=operation,
        ) from error


@contextmanager
def settings_read(profile: str) -> Iterator[None]:
    """Turn what botocore raises over the AWS config and its variables, before any call, into DeployerErrors that name
    the profile, or the address that is wrong."""
    with about_profile(profile), _settings_read(profile):
        yield


@contextmanager
def _settings_read(profile: str) -> Iterator[None]:
    try:
        yield
    except boto.BotoCoreError as error:
        raise _from_settings(error, profile) from error
    except DeployerError:
        raise
    except OSError as error:
        raise _unusable(f"{file_and_fault(error)}.") from error
    except Exception as error:  # the text of its error may hold what it read
        if isinstance(error, ValueError) and "endpoint" in str(error).lower():
            raise
        raise _unusable(f"botocore fails over a setting in it with {type(error).__name__}.") from error


def _from_settings(error: boto.BotoCoreError, profile: str) -> DeployerError:
    if isinstance(error, boto.ConfigParseError) and (refused := wrong_encoding(error) or unparsed_setting(error)):
        return refused
    if isinstance(error, boto.InvalidConfigError) and "Invalid CA bundle" in str(error):
        return empty_bundle(profile)
    if isinstance(error, tuple(kind for kind, _, _ in LOCAL)):
        return from_local_error("AWS", "settings", error)
    return _unusable(sentence(without_password(str(error))))


def _unusable(why: str) -> DeployerError:
    hint = "Fix that setting in the file or in the variable that it comes from; see both with: aws configure list"
    return DeployerError(f"Your AWS config cannot be used: {why}", hint, code="invalid-config")


def not_aws(service: str, operation: str, endpoint: str) -> DeployerError:
    """An answer that does not have the form of AWS's answers; `endpoint` is "" where it is not known."""
    place = f" at {endpoint}" if endpoint else ""
    return DeployerError(
        f"What answered {service}'s {operation}{place} is not AWS, or something on the way changed the answer.",
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


READERS = (
    "botocore.parsers",
    "botocore.retries",
    "botocore.retryhandler",
    "botocore.errorfactory",
    "generator.gateway.seen_names",
)
"""The modules that look into an answer while botocore has it: for its parts, its kind of error, the names in it."""


def _over_an_answer(error: Exception) -> bool:
    """Whether it was the reading of an answer that failed."""
    traceback = error.__traceback__
    while traceback:
        if traceback.tb_frame.f_globals.get("__name__", "").startswith(READERS):
            return True
        traceback = traceback.tb_next
    return False


def _from_client_error(
    service: str, error: boto.ClientError, params: Mapping[str, Any], endpoint: str
) -> DeployerError:
    details = error.response.get("Error", {})
    code, message = " ".join(str(details.get("Code", "")).split()), _without_echo(str(details.get("Message", "")))
    for row in ROWS:
        if row.covers(code, message):
            return row.build(message, params)
    return _unknown(service, error, code, message, endpoint)


def _without_echo(message: str) -> str:
    """The message without what AWS repeats of a request: a whole template, or a value that may be a secret."""
    return ECHO.sub(lambda echo: "The value" if _is_long_or_secret(echo["value"], echo["field"]) else echo[0], message)


def _is_long_or_secret(value: str, field: str) -> bool:
    return len(value) > LONGEST_ECHO or bool(SECRET_FIELD.search(field))


def _unknown(service: str, error: boto.ClientError, code: str, message: str, endpoint: str) -> AwsError:
    metadata = error.response.get("ResponseMetadata", {})
    request_id, status = metadata.get("RequestId", ""), metadata.get("HTTPStatusCode", 0)
    place = f" at {endpoint}" if endpoint else ""
    if code and not code.isdigit():  # every error of AWS has a code of its own
        text = f"{service} refused {error.operation_name} ({code}): {sentence(message) or 'it gave no reason.'}"
        hint = _hint_for(code, error.operation_name, message) or (
            f"Request id for AWS support: {request_id}" if request_id else NO_REQUEST_ID
        )
    elif status < SERVER_ERROR or status == SIGN_IN_TO_NETWORK:
        text = f"Something between here and {service}{place} answered {error.operation_name} with HTTP status {status}."
        hint = surroundings.NOT_AWS
    else:
        whoever = f"{service}{place}, or something on the way to it,"
        text = f"{whoever} answered {error.operation_name} with HTTP status {status}."
        hint = "Run it again in a minute. If it stays so: " + surroundings.NOT_AWS
    return AwsError(
        text,
        hint,
        operation=error.operation_name,
        aws_code=code,
        request_id=request_id,
        transient=(status >= SERVER_ERROR and status != SIGN_IN_TO_NETWORK) or code in TRANSIENT_CODES,
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
