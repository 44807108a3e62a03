"""What MiniStack leaves out of roles: boundaries in AWS::IAM::Role, and in GetAccountAuthorizationDetails.

There it leaves out AWS's own managed policies too. As on AWS an update sets the property only where the template's
value changed.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import iam

from generator.sandbox.cloudformation.resource_types import Created, Properties, handler
from generator.sandbox.service_api import Answer, Params, Proceed, call, serve

TYPE = "AWS::IAM::Role"
PROPERTY = "PermissionsBoundary"
ROLE = re.compile(
    r"<RoleName>(?P<name>[^<]+)</RoleName>(?=<RoleId>[^<]*</RoleId><Arn>[^<]*</Arn><Path>[^<]*</Path><Cr)"
)


AWS_POLICY = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/[^<]+")


def install() -> None:
    """Wrap MiniStack's handlers of the type."""
    handlers = handler(TYPE)
    handlers["create"] = partial(create, handlers["create"])
    handlers["update"] = partial(update, handlers["update"])
    serve(iam, {"GetAccountAuthorizationDetails": account_details})


def account_details(params: Params, proceed: Proceed) -> Answer:
    """GetAccountAuthorizationDetails with the boundary of each role, and AWS's own policies that they have."""
    status, headers, body = proceed()
    if status != 200:
        return status, headers, body
    text = ROLE.sub(_with_boundary, body.decode())
    if "AWSManagedPolicy" in params.values():
        members = "".join(_member(arn) for arn in sorted(set(AWS_POLICY.findall(text))))
        text = text.replace("</Policies>", f"{members}</Policies>")
    return status, headers, text.encode()


def _member(arn: str) -> str:
    """A policy of AWS's own with its default version; nothing for one that MiniStack does not have."""
    try:
        version = call(iam, "GetPolicy", {"PolicyArn": arn}).findtext(".//DefaultVersionId")
        text = call(iam, "GetPolicyVersion", {"PolicyArn": arn, "VersionId": version}).findtext(".//Document")
    except ValueError:
        return ""
    name = arn.rpartition("/")[2]
    return (
        f"<member><PolicyName>{name}</PolicyName><Arn>{arn}</Arn><DefaultVersionId>{version}</DefaultVersionId>"
        f"<PolicyVersionList><member><Document>{escape(text)}</Document><VersionId>{version}</VersionId>"
        f"<IsDefaultVersion>true</IsDefaultVersion></member></PolicyVersionList></member>"
    )


def _with_boundary(role: re.Match[str]) -> str:
    boundary = call(iam, "GetRole", {"RoleName": role["name"]}).findtext(".//PermissionsBoundaryArn")
    if not boundary:
        return role[0]
    return f"{role[0]}<{PROPERTY}><PermissionsBoundaryArn>{boundary}</PermissionsBoundaryArn></{PROPERTY}>"


def create(original: Any, logical_id: str, props: Properties, stack: str) -> Created:
    """Create the role, then set its boundary. ValueError: no such policy."""
    created: Created = original(logical_id, props, stack)
    _set(created[0], {}, props)
    return created


def update(
    original: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
) -> Created:
    """Update the role, then its boundary; a role that was replaced gets it anew."""
    updated: Created = original(physical_id, old, new, stack, logical_id)
    _set(updated[0], old if updated[0] == physical_id else {}, new)
    return updated


def _set(role: str, old: Properties, new: Properties) -> None:
    boundary = new.get(PROPERTY)
    if boundary == old.get(PROPERTY):
        return
    if boundary:
        call(iam, "PutRolePermissionsBoundary", {"RoleName": role, PROPERTY: boundary})
    else:
        call(iam, "DeleteRolePermissionsBoundary", {"RoleName": role})
