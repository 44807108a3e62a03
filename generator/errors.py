"""Every failure a user can meet, as one tree.

DeployerError            one sentence, one next step, a stable code, an exit code
|- UsageError            the command line is invalid (exit 2)
|- Refused               a check found something, so nothing was done (exit 3)
|- NotFound              the thing named does not exist (exit 4)
|  `- StackNotFound
|- StackBusy             another operation is running on the stack (exit 1)
|- Declined              the user said no (exit 1)
`- AwsError              AWS refused or failed; operation, AWS code and request id (exit 1)

Children exist only where a caller branches on them. Anything that is not a DeployerError is a bug.
"""

from __future__ import annotations

import re
from typing import Self

_DENIAL = re.compile(
    r"AccessDenied|Unauthorized|NotAuthorized|\bAuthorization(Error|Exception)|\b(AuthException|Forbidden)"
)


MAY_CALL = "Use credentials that may call"
"""How the hint about a missing permission begins where nobody knows better what the refusal means."""

LACKING = "The credentials that run CloudFormation lack that permission."
"""The hint where a resource's handler was refused."""


def is_denial(text: str) -> bool:
    """Whether an AWS error code, or a text that quotes one, says that a permission is missing.

    The services have several spellings (botocore's service models): AccessDenied in IAM, STS and CloudFormation,
    AccessDeniedException where the protocol is JSON, UnauthorizedOperation in EC2, AuthException in EC2 Instance
    Connect, NotAuthorized in the errors common to all. AuthFailure is none of them: there the credentials are wrong.
    """
    return bool(_DENIAL.search(text))


class DeployerError(Exception):
    """An expected failure: `message` is a full sentence that names the thing, `hint` the next step to take.

    `code` is a stable slug for scripts; `exit_code` is what the process ends with (docs/reference/exit-codes.md).
    `transient`: the same call may well succeed in a moment, as AWS throttled it, failed inside, or was out of reach.
    """

    code = "failed"
    exit_code = 1

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        code: str | None = None,
        exit_code: int | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code
        self.exit_code = type(self).exit_code if exit_code is None else exit_code
        self.transient = transient

    def explained(self, message: str = "", *, hint: str = "", also: str = "") -> Self:
        """The same error with another message, another hint, or one more line after its hint (`also`).

        Everything else of it stays, its kind included; this error is not changed. For `raise error.explained(…) from
        error`, by whoever knows better than AWS what the refusal means here.
        """
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.message = message or self.message
        new.args = (new.message,)
        new.hint = "\n".join(filter(None, (hint or self.hint, also)))
        return new


class UsageError(DeployerError):
    """The command line is invalid; no AWS call was made."""

    code = "usage"
    exit_code = 2


class Refused(DeployerError):
    """A check found something and the command stopped before changing anything."""

    code = "refused"
    exit_code = 3


class NotFound(DeployerError):
    """The thing named does not exist."""

    code = "not-found"
    exit_code = 4


class StackNotFound(NotFound):
    """There is no stack of that name in this account and region."""

    code = "stack-not-found"


class StackBusy(DeployerError):
    """Another operation is running on the stack."""

    code = "stack-busy"


class Declined(DeployerError):
    """The user answered no; nothing was changed."""

    code = "declined"


UNKNOWN_CREDENTIALS = frozenset(
    {
        *("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId"),
        *("SignatureDoesNotMatch", "InvalidSignatureException"),
    }
)
"""What the services call a key that is not there, is inactive, or has another secret."""


class AwsError(DeployerError):
    """AWS refused or failed. `aws_code` is the service's own error code, `operation` the API call."""

    code = "aws"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        operation: str = "",
        aws_code: str = "",
        request_id: str = "",
        transient: bool = False,
    ) -> None:
        super().__init__(message, hint, transient=transient)
        self.operation = operation
        self.aws_code = aws_code
        self.request_id = request_id

    @property
    def denied(self) -> bool:
        """Whether AWS refused because a permission is missing, however the service spells that."""
        return is_denial(self.aws_code)

    @property
    def unauthenticated(self) -> bool:
        """Whether AWS does not know these credentials, or no longer: what one service says, each other says too."""
        return "Expired" in self.aws_code or self.aws_code in UNKNOWN_CREDENTIALS
