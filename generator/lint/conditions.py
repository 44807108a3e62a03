"""Whether the condition of a statement limits anything."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from generator.lint.policy_values import fits_all
from generator.lint.traverse import Tree, mapping
from generator.lint.values import NO_VALUE, Known, branches, texts
from generator.model.arn import Arn

PATTERNS = frozenset({"stringlike", "arnlike", "arnequals"})
NEGATED = frozenset(
    {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike", "notipaddress",
     "numericnotequals", "datenotequals"}
)  # fmt: skip
OF_EVERY_REQUEST = frozenset({"aws:securetransport"})
ANY_CALLER_MEETS = frozenset(
    {"aws:currenttime", "aws:epochtime", "aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principaltype",
     "aws:referer", "aws:requestedregion", "aws:tokenissuetime", "aws:useragent", "aws:viaawsservice", "s3:authtype",
     "s3:delimiter", "s3:max-keys", "s3:prefix", "s3:signatureage", "s3:signatureversion", "s3:tlsversion"}
)  # fmt: skip
"""What says how, when or for what somebody calls, and not who it is."""
NEVER_ABSENT = frozenset({"aws:principalaccount", "aws:userid", "kms:calleraccount"})
"""Of a request that nobody has signed the first two are `anonymous`; KMS takes none."""
LIMITS_WHERE_PRESENT = ("aws:resource", "aws:requesttag/", "aws:tagkeys")
"""Where one of these is there at all, what may be done is limited: to what has such a tag, for one."""
ACCOUNT_DIGITS = 12
PRINCIPALS = (Arn("", "iam", "", "444455556666", "role/r"), Arn("", "iam", "", "777788889999", "user/u"))
SAMPLES = {
    "aws:principalorgid": ("o-a1b2c3d4e5", "o-zyxwv98765"),
    "aws:principalorgpaths": ("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", "o-zyxwv98765/r-zy98/"),
}
"""Values of some keys that share nothing but their form."""


def may_not_limit(condition: object, known: Known, *, caller: bool) -> bool:
    """Whether a condition may let everything through: none, one that a condition of the template removes, or one of
    which every key does so.

    `caller`: whether it is to limit who may call, else what may be done.
    """
    return _any_branch(condition, known, lambda branch, inner: _lets_through(branch, inner, caller))


def _any_branch(value: object, known: Known, holds: Callable[[Tree, Known], bool]) -> bool:
    """Whether a branch of the value is nothing, or a mapping of which that holds."""
    return any(
        _is_nothing(branch) or (isinstance(branch, dict) and holds(branch, inner))
        for branch, inner in branches(value, known)
    )


def _is_nothing(value: object) -> bool:
    return value is None or value == NO_VALUE


def _lets_through(condition: Tree, known: Known, caller: bool) -> bool:
    needed = _needed(condition, known)
    return all(
        _any_branch(
            keys,
            known,
            lambda branch, inner, operator=operator: all(  # type: ignore[misc]
                _is_met(str(operator), str(key).casefold(), value, inner, caller, needed)
                for key, value in branch.items()
            ),
        )
        for operator, keys in condition.items()
    )


def _needed(condition: Tree, known: Known) -> set[str]:
    """The keys that must be in a request for the condition to be true."""
    return {
        str(key).casefold()
        for operator, keys in condition.items()
        for key, value in mapping(keys).items()
        if not _passes_without(str(operator))
        if _base(str(operator)) != "null" or {text.casefold() for text in texts(value, known)} == {"false"}
    }


def _base(operator: str) -> str:
    return operator.casefold().rpartition(":")[2].removesuffix("ifexists")


def _passes_without(operator: str) -> bool:
    """Whether the operator is true of a request that lacks the key."""
    written = operator.casefold()
    return written.startswith("forallvalues:") or written.endswith("ifexists") or _base(operator) in NEGATED


def _is_met(operator: str, key: str, value: object, known: Known, caller: bool, needed: set[str]) -> bool:
    """Whether every caller meets this part of a condition, or everything does."""
    if key in OF_EVERY_REQUEST or (caller and key in ANY_CALLER_MEETS):
        return True
    if caller and (_base(operator) in NEGATED or (_passes_without(operator) and key not in needed | NEVER_ABSENT)):
        return True
    says_nothing = caller or (key.startswith("aws:") and not key.startswith(LIMITS_WHERE_PRESENT))
    return any(
        _is_nothing(branch) or (says_nothing and _is_met_by_any(_base(operator), key, texts(branch, inner)))
        for branch, inner in branches(value, known)
    )


def _is_met_by_any(base: str, key: str, values: list[str]) -> bool:
    """Whether any value at all that the key may have is one of these."""
    if base == "null" or any(value.casefold() == f"${{{key}}}" for value in values):
        return True
    if base in PATTERNS:
        return any(_fits_any(key, value) for value in values)
    if base == "bool":
        return key == "aws:principalisawsservice" and "false" in map(str.casefold, values)
    return base == "ipaddress" and _are_all_addresses(values)


def _fits_any(key: str, pattern: str) -> bool:
    if not pattern.strip("*?"):
        return "*" in pattern or len(pattern) == ACCOUNT_DIGITS
    if key == "aws:principalarn":
        arn = Arn.find(pattern)
        return fits_all(pattern, PRINCIPALS) or bool(arn and arn.account and not arn.account.strip("*?"))
    return fits_all(pattern) or (key in SAMPLES and all(fnmatchcase(sample, pattern) for sample in SAMPLES[key]))


def _are_all_addresses(values: list[str]) -> bool:
    """Whether they are every IPv4 address or every IPv6 address, by one network or by several."""
    networks = [network for value in values if (network := _network(value))]
    fourth = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    sixth = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return 0 in [network.prefixlen for network in fourth] + [network.prefixlen for network in sixth]


def _network(value: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(value, strict=False)
    except ValueError:
        return None
