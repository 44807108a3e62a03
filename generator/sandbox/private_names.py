"""Every private name of MiniStack that the sandbox uses, with the reason, and the version they belong to.

A private name may change with any version: MiniStack is pinned, and `check` refuses to start with another one.
`tests/sandbox/test_private_names.py` holds that the list is complete, that nothing on it is unused, and that there are
at most 60 of them. What goes through `service_api` needs none, and `snapshots` finds MiniStack's tables by their type.
"""

from __future__ import annotations

import importlib
import inspect
from importlib.metadata import version
from typing import Any

from generator.errors import DeployerError
from generator.installation import install_command

MINISTACK = "1.5.33"

PRIVATE_NAMES = {
    "app": {
        "_build_persistence_save_dict": "saves the state while the process runs; MiniStack saves at its end only",
        "_ct_event_name": "names a REST call in CloudTrail, which has no operation in a header",
    },
    "core.iam_evaluator": {
        "_CONDITION_OPS": "ArnLike compares part by part",
        "_first_match": "statements with policy variables are filled in before they are compared",
        "_gather_role_policies": "the policies of a role by its name: simulator, instance roles",
        "_gather_user_policies": "the policies of a user by its name: simulator",
        "_permissions_boundary": "the boundary of a user or role: simulator, instance roles",
        "_resolve_condition_key": "aws:PrincipalArn of a session is its role's; the simulator's keys",
        "_resource_policy": "the resource policy of another account",
    },
    "services.autoscaling": {
        "_asgs": "the groups, whose members are replaced by instances that EC2 knows",
        "_reconcile_instances": "invents members of a group: replaced",
    },
    "services.cloudformation": {
        "_change_sets": "the property values of a change set, which its description lacks",
        "_stack_events": "the events of a stack, for DescribeEvents",
        "_stacks": "the stack that an operation runs on: status, resources, template",
    },
    "services.cloudformation.changesets": {
        "_diff_resources": "compares two templates: gets what their conditions leave of them",
        "_resolve_props_for_diff": "prepares that comparison without conditions: replaced",
    },
    "services.cloudformation.engine": {
        "_evaluate_conditions": "knows no Fn::Join in a condition",
        "_resolve_refs": "resolves the properties that a change set shows",
    },
    "services.cloudformation.handlers": {
        "_resolve_parameters": "takes any string for a parameter of AWS's own types",
    },
    "services.cloudformation.provisioners": {
        "_CONDITIONALLY_REPLACING_PROPERTIES": "the conditionalCreateOnly properties of an added type",
        "_NAME_SEED": "a resource that is made again gets a new name",
        "_REPLACING_PROPERTIES": "the createOnly properties of an added type",
        "_RESOURCE_HANDLERS": "the table of resource types",
        "_STACK_TAG_PROPERTY": "an added type takes the stack's tags",
    },
    "services.cloudformation.stacks": {
        "_add_event": "reports events of resources that an operation does not touch",
        "_delete_resource": "removes without time, planned failures and events of the cleanup phase",
        "_deploy_stack_async": "runs a template that the handlers do not see (CreationPolicy)",
        "_provision_keeping_seed": "makes a resource under the name of the one before it",
        "_provision_resource": "makes a resource without time and planned failures",
        "_roll_back_operation": "leaves the conditions of the failed update",
        "_runs_on_worker_thread": "a step that takes time must not stop the server",
        "_update_resource": "updates without time and planned failures",
    },
    "services.cloudtrail": {
        "_get_event_queue": "where LookupEvents reads: takes the sandbox's records",
    },
    "services.cloudwatch_logs": {
        "_log_groups": "a group's key, which somebody takes away or gives (AssociateKmsKey)",
    },
    "services.ec2": {
        "_STUB_AMIS": "the public images: one for arm64 is added",
        "_init_defaults": "an account's default network: gets a private subnet and routes",
        "_instance_xml": "describes an instance without metadata options and interfaces",
        "_instances": "what an instance has beyond RunInstances: metadata options, zone, protection",
        "_network_interfaces": "an instance's interface has its address and ends with it",
        "_route_tables": "the routes of the default network; CreateVpcEndpoint's checks",
        "_security_groups": "a rule of its own in a group, which the API makes without an error for a second one",
        "_stub_image_view": "describes each public image as x86_64",
        "_subnets": "the private subnet of the default network, and the zone of an instance",
        "_tags": "the tags of instances, volumes and the default network",
        "_volumes": "the template's size, type and encryption, and which volumes outlive their instance",
        "_vpc_endpoints": "security groups, private DNS and policy, which its description lacks",
        "_vpce_fields_xml": "the description that lacks them",
    },
    "services.iam": {
        "_access_keys": "the status and secret of CloudFormation's access keys",
        "_roles": "roles of every account: principals, trust policies",
        "_trust_policy_not_principal_error": "where IAM and CloudFormation check a trust policy",
        "_users": "users of every account: principals, and their further credentials",
    },
    "services.kms": {
        "_keys": "the key policies that name a deleted principal",
        "_resolve_key": "finds no key of another account",
    },
    "services.lambda_svc": {
        "_execute_function_with_config_scope": "a function that cannot start must fail its custom resource",
    },
    "services.rds": {
        "_clusters": "the master password of a cluster, which the database is started with",
        "_instances": "the same of an instance",
    },
    "services.secretsmanager": {
        "_resolve": "a secret by name or ARN: versions and rotation",
        "_resource_policies": "the secrets' policies that name a deleted principal",
    },
    "services.ssm": {
        "_PUBLIC_AMI_PARAMETERS": "the public parameters: those of the arm64 image are added",
    },
    "services.sts": {
        "_sessions": "an STS session: its account, its secret, whether it has session policies",
    },
}
"""Module of MiniStack (without `ministack.`) -> private name -> what the sandbox needs it for."""

RECORD_FIELDS = {
    "_MasterUserPassword": "a cluster's, see services.rds",
    "_conditions": "a stack's: set back by a rollback",
    "_operation_events": "a stack's: what validation refused, for DescribeEvents",
    "_resolved_params": "a stack's and a change set's: which parameters are NoEcho",
    "_resources": "a stack's: status and attributes of its resources",
    "_stack_policy": "a stack's: what an update is held to",
    "_template": "a stack's: its conditions",
}
"""Private fields in MiniStack's records of stacks, change sets and clusters."""

SIGNATURES = {
    "services.cloudformation.stacks._add_event": (
        "(stack_id, stack_name, logical_id, resource_type, status, reason='', physical_id='', detailed_status='')"
    ),
    "services.cloudformation.stacks._provision_resource": (
        "(resource_type: str, logical_id: str, props: dict, stack_name: str) -> tuple"
    ),
    "services.cloudformation.stacks._update_resource": (
        "(resource_type: str, physical_id: str, old_props: dict, new_props: dict, stack_name: str, "
        "logical_id: str | None = None, old_attrs: dict | None = None) -> tuple"
    ),
    "services.cloudformation.stacks._delete_resource": (
        "(resource_type: str, physical_id: str, props: dict, stack_name: str | None = None, "
        "logical_id: str | None = None)"
    ),
    "services.cloudformation.stacks._roll_back_operation": (
        "(stack_name: str, stack_id: str, stack: dict, operation: dict, reason_override: str = '')"
    ),
    "services.cloudformation.changesets._resolve_props_for_diff": "(template, params, stack_name, stack_id)",
    "services.cloudformation.changesets._diff_resources": (
        "(old_template: dict, new_template: dict, resources: dict | None = None, template: dict | None = None, "
        "changed_params=(), retag=()) -> list"
    ),
    "services.cloudformation.handlers._resolve_parameters": (
        "(template: dict, provided_params: list[dict], previous_params: dict | None = None) -> dict"
    ),
    "services.autoscaling._reconcile_instances": "(asg)",
    "services.lambda_svc._execute_function_with_config_scope": "(func: dict, event: dict) -> dict",
    "app._build_persistence_save_dict": "()",
}
"""The shape of functions that the sandbox replaces or calls."""


def check() -> None:
    """Raise DeployerError naming what is not as the sandbox expects it. Call it before anything is replaced."""
    hint = install_command("sandbox")
    installed = version("ministack")
    if installed != MINISTACK:
        raise DeployerError(
            f"The sandbox needs MiniStack {MINISTACK}; {installed} is installed.", hint, code="sandbox-version"
        )
    for module, names in PRIVATE_NAMES.items():
        for name in names:
            expected = SIGNATURES.get(f"{module}.{name}")
            actual = _signature(module, name) if expected else expected
            if actual != expected or not hasattr(_module(module), name):
                raise DeployerError(f"MiniStack's {module}.{name} has changed.", hint, code="sandbox-version")


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def _signature(module: str, name: str) -> str:
    function = getattr(_module(module), name, None)
    return str(inspect.signature(function)) if callable(function) else ""
