"""Quick-create links: addresses of the console that launch the published template in a region, with some values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.model.deployment import DEFAULT_STACK_NAME
from generator.model.release import LONGEST_ADDRESS, PublishRequest, checked_parameters

CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}

USUAL_VERSION = 32
"""Characters of an ID that S3 gives a version (S3 user guide: 1,024 at most)."""
IDS = {"AWS::EC2::VPC::Id": "vpc-", "AWS::EC2::Subnet::Id": "subnet-"}


def checked_links(gateway: Gateway, request: PublishRequest) -> dict[str, str]:
    """The values of the links. Raises UsageError for a value that the template does not take, and for a region that
    the bucket's partition does not have."""
    for region in request.regions:
        if region not in gateway.regions:
            raise UsageError(
                f"--quick-create {region} is no region of the partition {gateway.partition}.",
                "Give one like eu-central-1. Each partition needs a bucket of its own.",
                code="unknown-region",
            )
    given = checked_parameters(request.parameters)
    if given:
        from generator.template.emit import template_dict

        declared = cast("Mapping[str, Mapping[str, Any]]", template_dict()["Parameters"])
        for key, value in given.items():
            _require_value(key, value, declared[key])
    return given


def _require_value(key: str, value: str, declared: Mapping[str, Any]) -> None:
    """Raise UsageError for a value that CloudFormation would refuse by the template's words alone."""
    kind, allowed = declared["Type"], [str(each) for each in declared.get("AllowedValues", ())]
    each = [part.strip() for part in value.split(",")] if kind == "CommaDelimitedList" else [value]
    fits = (not allowed or value in allowed) and all(_fits(part, kind, declared) for part in each)
    if not fits:
        what = f"It takes one of: {', '.join(allowed)}" if allowed else f"The template says of it: {_of(declared)}"
        raise UsageError(f"{key} of the template cannot be {value!r}.", what, code="link-parameter")


def _of(declared: Mapping[str, Any]) -> str:
    return str(declared["Description"])


def _fits(value: str, kind: str, declared: Mapping[str, Any]) -> bool:
    if kind == "Number":
        return re.fullmatch(r"-?[0-9]{1,15}", value) is not None and _within(int(value), declared)
    return value.startswith(IDS.get(kind, "")) and re.search(declared.get("AllowedPattern", ""), value) is not None


def _within(number: int, declared: Mapping[str, Any]) -> bool:
    least, most = declared.get("MinValue", number), declared.get("MaxValue", number)
    return int(least) <= number <= int(most)


def require_short(gateway: Gateway, request: PublishRequest, key: str) -> None:
    """Raise UsageError before anything is written, if the template's address is too long for a link."""
    if request.regions:
        _address(gateway, request, key, "v" * USUAL_VERSION)


def quick_create(
    gateway: Gateway, request: PublishRequest, key: str, version: str, parameters: Mapping[str, str]
) -> dict[str, str]:
    """A link per region, to that very version of the template at `key`: other bytes would be another version.

    Raises UsageError for an address that is too long. Source: CloudFormation user guide, "Creating quick-create links
    for stacks"; S3 user guide, "Retrieving object versions from a versioning-enabled bucket".
    """
    values = {"templateURL": _address(gateway, request, key, version), "stackName": DEFAULT_STACK_NAME}
    values |= {f"param_{name}": value for name, value in parameters.items()}
    query, console = urlencode(values, quote_via=quote), CONSOLES.get(gateway.partition, CONSOLES["aws"])
    return {
        region: f"https://{region}.{console}/cloudformation/home?region={region}#/stacks/quickcreate?{query}"
        for region in request.regions
    }


def unreadable(gateway: Gateway) -> str:
    """The address of S3 that AWS's console cannot read, such as the sandbox's; "" where it is AWS's own."""
    return "" if gateway.is_aws(gateway.s3.endpoint) else gateway.s3.endpoint


def _address(gateway: Gateway, request: PublishRequest, key: str, version: str) -> str:
    address = gateway.s3.address(request.bucket, key, version)
    if len(address) > LONGEST_ADDRESS:
        raise UsageError("The template's address is too long for a quick-create link.", "Give a shorter --prefix.")
    return address
