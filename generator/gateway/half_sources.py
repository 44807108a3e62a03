"""Half of a source of credentials, of which botocore says nothing: it goes on to the next, and finds none."""

from __future__ import annotations

import os
from typing import Any

from generator.errors import DeployerError

OF_A_KEY, OF_A_ROLE, OF_A_SIGN_IN = (
    "A key has two parts, and a temporary one three: set each, or take this one out.",
    "A profile takes no credentials from another without a role: give it one, or take this setting out.",
    "Complete it with: aws configure sso",
)
HALVES = (
    ("aws_secret_access_key", "aws_access_key_id", OF_A_KEY),
    ("aws_session_token", "aws_access_key_id", OF_A_KEY),
    *(
        (name, "role_arn", OF_A_ROLE)
        for name in ("source_profile", "credential_source", "mfa_serial", "external_id", "role_session_name")
    ),
    *((name, "sso_account_id and sso_role_name", OF_A_SIGN_IN) for name in ("sso_session", "sso_start_url")),
)
"""A setting that gives credentials together with another only, that other, and what to do where it is missing."""
OF_THE_ENVIRONMENT = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def require_no_half(core: Any, profile: str) -> None:
    """Raises DeployerError for what is half there, in the environment or in the profile; for where botocore, whose
    session is `core`, found no credentials, so that the other half is not there."""
    named = core.instance_variables().get("profile")  # then botocore takes no key of the environment
    for variable in () if named else OF_THE_ENVIRONMENT:
        if os.environ.get(variable):
            raise _half(f"{variable} is set, and AWS_ACCESS_KEY_ID is not", OF_A_KEY)
    settings = core.get_scoped_config()
    for setting, missing, hint in HALVES:
        if settings.get(setting):
            option = f" --profile {profile}" if hint == OF_A_SIGN_IN and profile != "default" else ""
            raise _half(f"Profile {profile} has {setting} and no {missing}", hint + option)


def _half(what: str, hint: str) -> DeployerError:
    return DeployerError(f"{what}, without which there are no credentials.", hint, code="partial-credentials")
