"""Settings of the AWS config that have lines of their own below them, as `s3` may have, where one value is needed.

botocore reads such lines as a mapping, and stumbles over it where it comes to use the setting, or takes it for a text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore import exceptions as boto
from botocore.configloader import raw_config_parse
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES

from generator.errors import DeployerError, UsageError
from generator.gateway.local_errors import bare

OF_CREDENTIALS = (
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "credential_process", "credential_source",
    "duration_seconds", "external_id", "login_session", "mfa_serial", "role_arn", "role_session_name", "source_profile",
    "sso_account_id", "sso_region", "sso_registration_scopes", "sso_role_name", "sso_session", "sso_start_url",
    "web_identity_token_file",
)  # fmt: skip
OF_ENDPOINTS = ("endpoint_url", "services")
GROUPS = frozenset({"api_versions"})  # botocore takes nothing else for it; for `s3` anything but nothing
ONE_VALUE = frozenset({name for name, *_ in VARIABLES.values() if isinstance(name, str)}) - GROUPS | {
    *OF_CREDENTIALS,
    *OF_ENDPOINTS,
}
NEEDS_ONE_VALUE = "has lines of its own below it, and needs one value"
NEEDS_LINES = "needs lines of its own below it, NAME = VALUE, and has none"
NEEDS_NAMES = "has a line below it that is not NAME = VALUE"


def require_form(core: Any, profile: str) -> None:
    """Raises DeployerError, with the setting, the profile and the file, for a setting that is one value and has lines
    below it, or the other way round: in the profile, one whose credentials it uses, or a section that it names."""
    for section, kind, name in _sections(core.full_config, profile):
        for setting, value in section.items():
            nested = isinstance(value, dict)
            if nested and kind != "services" and setting in ONE_VALUE:
                raise _refused(setting, f"{kind} {name}", _file(core, kind, name, setting), NEEDS_ONE_VALUE)
            if not nested and (kind == "services" or setting in GROUPS or (setting == "s3" and not value)):
                raise _refused(setting, f"{kind} {name}", _file(core, kind, name, setting), NEEDS_LINES)


def require_numbers(core: Any) -> None:
    """Raises UsageError for a setting that botocore makes a whole number of, and that is none. How often a call is
    tried is no affair of this (`retries`)."""
    for name, (setting, variable, _, convert) in VARIABLES.items():
        if convert is int and name != "max_attempts":
            try:
                core.get_config_variable(name)
            except ValueError:
                place = variable if os.environ.get(variable or "") else f"{setting} in your AWS config"
                hint = "Correct it, or take it out."
                raise UsageError(f"{place} must be a whole number.", hint, code="invalid-config") from None


def unparsed_setting(error: boto.BotoCoreError) -> DeployerError | None:
    """The error for a setting whose lines below it are no settings, over which botocore gives up the whole file; None
    where something else is wrong with the file."""
    path = str(error.kwargs.get("path", ""))
    if type(error.kwargs.get("error")) is not ValueError:
        return None
    for section, settings in raw_config_parse(path, parse_subsections=False).items():
        for setting, value in settings.items():
            if value.startswith("\n") and any(line.strip() and "=" not in line for line in value.splitlines()):
                one = setting in ONE_VALUE and not section.startswith("services")
                needed = NEEDS_ONE_VALUE if one else NEEDS_NAMES
                return _refused(setting, _called(section, path), path, needed)
    return None


def _called(section: str, path: str) -> str:
    """What a section is called in a sentence; each of the file of credentials is a profile."""
    kind, _, name = section.partition(" ")
    if kind in ("profile", "sso-session", "services") and name:
        return section
    credentials = str(Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser())
    return f"profile {section}" if section == "default" or path == credentials else f"[{section}]"


def _sections(config: Mapping[str, Any], profile: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """The sections that matter to a profile, each with its kind and its name."""
    seen: set[str] = set()
    while profile in config["profiles"] and profile not in seen:
        seen.add(profile)
        section = config["profiles"][profile]
        yield section, "profile", profile
        for kind, setting, place in (("sso-session", "sso_session", "sso_sessions"), ("services",) * 3):
            name = str(section.get(setting))
            if name in config.get(place, {}):
                yield config[place][name], kind, name
        profile = str(section.get("source_profile"))


def _file(core: Any, kind: str, name: str, setting: str) -> str:
    """The file that a setting is from: where both name it, botocore takes that of the credentials."""
    credentials = str(core.get_config_variable("credentials_file"))
    try:
        if kind == "profile" and setting in raw_config_parse(credentials).get(name, {}):
            return credentials
    except boto.ConfigNotFound:
        pass
    return str(core.get_config_variable("config_file"))


def _refused(setting: str, place: str, file: str, needed: str) -> DeployerError:
    return DeployerError(
        f"The setting {bare(setting)} of {place} in {file} {needed}.",
        f"Write it on one line, {setting} = VALUE, or take it out."
        if needed == NEEDS_ONE_VALUE
        else "Indent such lines below it, or take it out.",
        code="config-parse",
    )
