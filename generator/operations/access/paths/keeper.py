"""Who may invoke the keeper, the stack's key-management function, which makes keys and ends sessions.

The stack permits that to its own rule and to the rotation of its own secret, and CloudFormation calls it as whoever
changes the stack. Every other statement of its resource policy counts as open, a service of AWS too: nobody asked who
stands behind a topic, a bucket or a gateway. Versions and aliases have policies of their own; the stack makes none.
Event sources are not asked about (docs/decisions/0046-who-may-invoke-the-keeper.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.gateway.aws import Gateway
from generator.model.access import FunctionUrl
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.contract import Resource
from generator.model.reading import Reading
from generator.operations.access.outsiders import Opening, outsiders
from generator.operations.access.paths.statements import NOT_NAMED
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

SEEN = "lambda:GetPolicy, lambda:ListVersionsByFunction, lambda:ListAliases, lambda:ListFunctionUrlConfigs"
RULE, ROTATION = "events.amazonaws.com", "secretsmanager.amazonaws.com"


def keeper(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> PathReading:
    """A path for each whom a policy of the function lets in, and for each function URL. Never raises for an answer.

    `resources` are the stack's, their physical IDs by logical ID.
    """
    if resources.value is None:
        return resources.unanswered()
    if not (function := resources.value.get(Resource.KEEPER_FUNCTION, "")):
        return absent(SEEN, "the stack has no keeper")
    sources = _sources(access, resources.value)

    def paths() -> tuple[AccessPath, ...]:
        functions = gateway.lambda_functions
        of_policies = (
            path
            for qualifier in ("", *functions.list_qualifiers(function))
            for path in _of_policy(gateway, access, (function, qualifier), sources)
        )
        return (*of_policies, *(_of_url(gateway, function, url) for url in functions.list_function_urls(function)))

    return read(SEEN, paths)


def _sources(access: StackAccess, resources: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """By which service, and for which ARN of the stack's, its own statements let the function be invoked."""
    rule, secret = resources.get(Resource.ACCESS_END_RULE, ""), resources.get(Resource.SUPPORT_SECRET, "")
    named = [(RULE, str(access.stack.arn.beside("events", f"rule/{rule}")))] if rule else []
    return frozenset([*named, *([(ROTATION, secret)] if secret else [])])


def _of_policy(
    gateway: Gateway, access: StackAccess, which: tuple[str, str], sources: frozenset[tuple[str, str]]
) -> Iterator[AccessPath]:
    """Of the policy of a function, or of its version or alias."""
    function, qualifier = which
    policy = gateway.lambda_functions.get_policy(function, qualifier)
    of = ("--function-name", function, *(("--qualifier", qualifier) if qualifier else ()))
    for opening in outsiders(policy, access, services=False):
        if not _is_of_the_stack(opening, sources):
            sid = ("--statement-id", opening.statement.sid)
            remove = gateway.commands.aws("lambda", "remove-permission", *of, *sid)
            detail = f"lets {opening.who} call {', '.join(opening.statement.actions)}"
            yield AccessPath(PathKind.KEEPER, opening.statement.name, opening.who, SEEN, remove, detail=detail)
    for problem in policy.problems:
        look = gateway.commands.aws("lambda", "get-policy", *of)
        yield AccessPath(PathKind.KEEPER, "not understood", NOT_NAMED, SEEN, f"Read it: {look}", detail=problem)


def _is_of_the_stack(opening: Opening, sources: frozenset[tuple[str, str]]) -> bool:
    """Whether it is a service held to the stack's own rule or secret, and to nothing besides."""
    arns = opening.statement.source_arns
    return len(arns) == 1 and (opening.who, arns[0]) in sources


def _of_url(gateway: Gateway, function: str, url: FunctionUrl) -> AccessPath:
    """One that asks for no signature is open to anybody; else whom the policies permit it decides, which are read."""
    alias = ("--qualifier", url.alias) if url.alias else ()
    remove = gateway.commands.aws("lambda", "delete-function-url-config", "--function-name", function, *alias)
    who = "callers whom IAM permits it" if url.signed else "anybody on the internet"
    return AccessPath(
        PathKind.FUNCTION_URL, url.url, who, SEEN, remove, opens=not url.signed, detail=f"calls {function}, for {who}"
    )
