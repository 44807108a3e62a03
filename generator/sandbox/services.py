"""The services that the sandbox adds to MiniStack or corrects in it, in the order in which they are installed."""

from generator.sandbox import autoscaling, eks, private_names
from generator.sandbox.asgi import Sandbox
from generator.sandbox.cloudformation import (
    changesets,
    conditions,
    custom_resources,
    events,
    interrupted,
    naming,
    operations,
    parameters,
    resource_types,
)
from generator.sandbox.ec2 import endpoints, instances, network, security_group_rules
from generator.sandbox.iam import access_keys, user_credentials
from generator.sandbox.secretsmanager import rotation, secrets
from generator.sandbox.ssm import document_resource


def install(sandbox: Sandbox) -> None:
    """Install every service."""
    private_names.check()
    for part in (operations, events, conditions, changesets, parameters, resource_types, naming, network):
        part.install()
    for resource in (
        instances,
        access_keys,
        user_credentials,
        secrets,
        rotation,
        custom_resources,
        document_resource,
        eks,
        autoscaling,
    ):
        resource.install()
    endpoints.install()
    security_group_rules.install()
    interrupted.install(sandbox)
