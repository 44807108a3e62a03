"""Which value is in force, and why: option, environment variable, named environment, project, user, default.

An environment that is named with --env was typed for this one command, so its values win over the shell's variables.

A named environment may have values in both files, and the project's are the stronger. The environment is chosen by
--env, then DEPLOYER_ENV, then `environment` in the project's file, then in the user's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set

from generator.errors import NotFound
from generator.model.config import KEYS, Origin, Setting, StoredDefault, environment_name
from generator.operations.config.files import ConfigFile, read_files
from generator.operations.config.paths import ENVIRONMENT_VARIABLE
from generator.operations.config.place import region_of_profile, require_one_place

ASK_NO_ACCOUNT = frozenset({"generate", "lint", "sandbox"})
"""Commands that work on this computer alone, whatever the shell points to."""


def chosen_environment(given: str, files: Iterable[ConfigFile], variables: Mapping[str, str]) -> str:
    """The named environment in force; "" when none is. Raises NotFound for one no file has."""
    files = list(files)
    stored = (str(file.values["environment"]) for file in files if "environment" in file.values)
    name = given or variables.get(ENVIRONMENT_VARIABLE, "") or next(stored, "")
    if not name:
        return ""
    environment_name(name)
    if not any(name in file.environments for file in files):
        known = sorted({known for file in files for known in file.environments})
        raise NotFound(
            f"There is no stored environment {name}.",
            f"Stored environments: {', '.join(known)}"
            if known
            else f"Create it: deployer config set --env {name} region REGION",
            code="environment-not-found",
        )
    return name


def explain(
    key: StoredDefault,
    environment: str,
    files: Iterable[ConfigFile],
    variables: Mapping[str, str],
    *,
    typed: bool = False,
) -> Setting:
    """The key's value in force and where it comes from. `typed`: the environment was named on the command line."""
    files = list(files)
    named = [(file, file.environments.get(environment, {}), f" [{environment}]") for file in files]
    if not (typed and any(key.name in table for _, table, _ in named)):
        for variable in key.variables:
            if variables.get(variable):
                shown = variables[variable] if variable != "AWS_ACCESS_KEY_ID" else None
                return Setting(key.name, shown, Origin.ENVIRONMENT, variable)
    for file, table, title in [*named, *((file, file.values, "") for file in files)]:
        if key.name in table:
            return Setting(key.name, table[key.name], file.origin, f"{file.path}{title}")
    return Setting(key.name, key.default, Origin.DEFAULT)


def settings(given: str = "") -> list[Setting]:
    """Every key's effective value. Raises DeployerError for a file that cannot be used, NotFound for an environment."""
    files = read_files()
    environment = chosen_environment(given, files, os.environ)
    effective = [explain(key, environment, files, os.environ, typed=bool(given)) for key in KEYS.values()]
    named = _values_of(environment, files)
    if given and (region := region_of_profile(named, frozenset(), os.environ)):
        theirs = Setting("region", region, Origin.USER, f"profile {named['profile']} of the AWS config")
        return [theirs if setting.key == "region" else setting for setting in effective]
    return effective


def stored_for(
    command: str, given: str, beside: Set[str] = frozenset(), *, sandbox: bool = False
) -> dict[str, str | int]:
    """Parameter to stored value, for what the files say about a command. `beside`: the parameters that were typed.

    Raises UsageError where the environment `given` and the shell name two places, and `sandbox`, the option, is one.
    Whether there is anything to ask for is known for less: `paths.anything_stored`.
    """
    files = read_files()
    environment = chosen_environment(given, files, os.environ)
    settings_in_force = [
        (key, explain(key, environment, files, os.environ, typed=bool(given)))
        for key in KEYS.values()
        if not key.commands or command in key.commands
    ]
    stored = {
        key.parameter: setting.value
        for key, setting in settings_in_force
        if setting.origin in (Origin.PROJECT, Origin.USER) and setting.value is not None
    }
    if given and command.split()[0] not in ASK_NO_ACCOUNT:
        named = _values_of(environment, files)
        require_one_place(environment, named, beside, os.environ, sandbox=sandbox)
        if region := region_of_profile(named, beside, os.environ):
            stored["region"] = region
    return stored


def _values_of(environment: str, files: Iterable[ConfigFile]) -> dict[str, str | int]:
    """What an environment names in all files, by the stronger one."""
    merged: dict[str, str | int] = {}
    for file in files:
        merged = {**file.environments.get(environment, {}), **merged}
    return merged
