"""The services that the sandbox adds to MiniStack or corrects in it, in the order in which they are installed.

A service is one module, or a package of modules where there is more of it. Each module has the same order: its models;
`install`, which routes operations and registers resource types; the operations of the API; the handlers of the resource
types; helpers. In `ssm` the models, the operations (`*_api`) and the routes have modules of their own.
"""

from generator.sandbox import autoscaling, eks, outside_changes, partitions, private_names
from generator.sandbox.asgi import Sandbox
from generator.sandbox.cloudformation import (
    changesets,
    conditions,
    custom_resources,
    deleted_stacks,
    drift,
    events,
    given_back,
    interrupted,
    naming,
    operations,
    parameters,
    resource_types,
    settings,
    stack_policy,
    template_loader,
    template_url,
)
from generator.sandbox.ec2 import endpoints, instances, network, security_group_rules
from generator.sandbox.iam import access_keys, policy_quotas, role_boundary, user_credentials
from generator.sandbox.secretsmanager import rotation, secrets
from generator.sandbox.ssm import document_resource

CLOUDFORMATION = (
    *(operations, stack_policy, events, conditions, changesets, parameters, settings, deleted_stacks, given_back),
    *(resource_types, naming, custom_resources, template_loader, template_url, drift),
)
EC2 = (network, instances, endpoints, security_group_rules)
IAM = (access_keys, user_credentials, role_boundary, policy_quotas)
OTHERS = (secrets, rotation, document_resource, eks, autoscaling, outside_changes)


def install(sandbox: Sandbox) -> None:
    """Install every service."""
    private_names.check()
    partitions.install()
    for service in (*CLOUDFORMATION, *EC2, *IAM, *OTHERS):
        service.install()
    interrupted.install(sandbox)
