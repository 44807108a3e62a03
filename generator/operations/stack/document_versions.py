"""Session documents whose new version did not become the default: sessions would go by the earlier definition.

`UpdateMethod: NewVersion` of AWS::SSM::Document is documented to move the default; it was reported not to
(aws-cloudformation/cloudformation-coverage-roadmap issue 2539), so it is looked at after an update, and set.
An update that goes back to an earlier definition makes no new version: then the default is rightly not the latest.
"""

from __future__ import annotations

from collections.abc import Iterable

from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.session import DocumentVersions
from generator.model.up import Check, UpPlan


def read(gateway: Gateway, names: Iterable[str]) -> list[DocumentVersions]:
    """The versions of these documents, one call each. Raises AwsError."""
    return [gateway.ssm.document_versions(name) for name in names]


def before(gateway: Gateway, plan: UpPlan) -> list[DocumentVersions]:
    """The versions of the documents that the plan changes. What these credentials may not read is left out."""
    changed = [c for c in plan.changes if c.resource_type == "AWS::SSM::Document" and c.action == "Modify"]
    known = []
    for change in changed:
        try:
            known += read(gateway, [change.physical_id])
        except AwsError as error:
            if not error.denied:
                raise
    return known


def set_latest(gateway: Gateway, earlier: Iterable[DocumentVersions]) -> tuple[Check, ...]:
    """After an update: make the version that it added the default, where it is not. What came of each that was not."""
    checks = (_check(gateway, versions) for versions in earlier)
    return tuple(check for check in checks if check)


def command(commands: CommandLine, versions: DocumentVersions) -> str:
    """The command that makes the latest version the default."""
    number = ("--document-version", versions.latest)
    return commands.aws("ssm", "update-document-default-version", "--name", versions.name, *number)


def _check(gateway: Gateway, earlier: DocumentVersions) -> Check | None:
    subject, then = f"default version of {earlier.name}", ""
    try:
        [now] = read(gateway, [earlier.name])
        if now.latest in (earlier.latest, now.default):
            return None
        then = f" Set it with: {command(gateway.commands, now)}"
        gateway.ssm.set_default_version(now.name, now.latest)
        [done] = read(gateway, [earlier.name])
    except AwsError as error:
        if error.transient:
            raise
        if error.aws_code == "InvalidDocument":  # replaced: it has another name now, and one version
            return None
        return Check(subject, False, error.message + then)
    answer = f"{done.default}, the latest; CloudFormation had left it at {now.default}"
    return Check(subject, done.default == done.latest, answer)
