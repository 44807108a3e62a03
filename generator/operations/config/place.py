"""Where a command works that was typed with --env: where the environment says, or not at all (record 80)."""

from __future__ import annotations

from collections.abc import Mapping, Set

from generator.errors import UsageError
from generator.model.config import KEYS

Named = Mapping[str, str | int]
"""What an environment names: keys to values."""
PROFILES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
"""The variables that name a profile, in botocore's order."""


def require_one_place(
    environment: str, named: Named, typed: Set[str], variables: Mapping[str, str], *, sandbox: bool
) -> None:
    """Raise UsageError, with both named, where the shell would lead elsewhere than the environment on the command line.

    `typed`: the options beside it, which are stronger than both. `sandbox`: --sandbox is one of them.
    """
    from generator.sandbox.state import set_here

    if sandbox or set_here(variables):
        _refuse_sandbox(environment, _place(named, typed), variables, sandbox=sandbox)
        return
    if "profile" in typed or "profile" in named:
        return
    for variable in PROFILES:
        if profile := variables.get(variable):
            raise UsageError(
                f"The stored environment {environment} names no profile, and this shell's {variable} names {profile}.",
                f"Say whose account is meant, with --profile {profile} beside --env {environment}; "
                f"or store it: deployer config set --env {environment} profile {profile}",
                code="environment-and-shell",
            )


def region_of_profile(named: Named, typed: Set[str], variables: Mapping[str, str]) -> str:
    """The region of the profile that the environment names, where the shell would otherwise replace it by its own; ""
    where the environment or an option names one, the shell none, or the profile none."""
    if "profile" not in named or typed & {"profile", "region"} or "region" in named:
        return ""
    if not any(variables.get(variable) for variable in KEYS["region"].variables):
        return ""
    from generator.gateway.profiles import own_region

    return own_region(str(named["profile"]))


def _place(named: Named, typed: Set[str]) -> dict[str, str]:
    return {key: str(named[key]) for key in ("profile", "region") if key in named and key not in typed}


def _refuse_sandbox(environment: str, place: Mapping[str, str], variables: Mapping[str, str], *, sandbox: bool) -> None:
    """In the sandbox, an environment may name its region, and every region where the sandbox was typed; no profile."""
    elsewhere = "profile" in place or (not sandbox and place.get("region") not in (None, variables.get("AWS_REGION")))
    if not elsewhere:
        return
    names = " and ".join(f"the {key} {value}" for key, value in place.items())
    if sandbox:
        raise UsageError(
            f"The stored environment {environment} names {names}, and --sandbox is another account.",
            f"Leave out --sandbox, or --env {environment}.",
            code="environment-and-shell",
        )
    raise UsageError(
        f"The stored environment {environment} names {names}, and this shell's variables point to the sandbox "
        f"(AWS_ENDPOINT_URL={variables.get('AWS_ENDPOINT_URL', '')}, AWS_REGION={variables.get('AWS_REGION', '')}).",
        'To work there, leave the sandbox first: eval "$(deployer sandbox env --unset)"\n'
        f"To work in the sandbox, leave out --env {environment}.",
        code="environment-and-shell",
    )
