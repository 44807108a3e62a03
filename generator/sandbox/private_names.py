"""The version of MiniStack this layer is written against, and the shape of the private functions it stands in for."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from ministack import app
from ministack.services import autoscaling, ec2, iam, lambda_svc, secretsmanager
from ministack.services.cloudformation import changesets, handlers, provisioners, stacks

from generator.errors import DeployerError

MINISTACK = "1.5.33"
SIGNATURES = {
    stacks._add_event: (
        "(stack_id, stack_name, logical_id, resource_type, status, reason='', physical_id='', detailed_status='')"
    ),
    stacks._provision_resource: "(resource_type: str, logical_id: str, props: dict, stack_name: str) -> tuple",
    stacks._update_resource: (
        "(resource_type: str, physical_id: str, old_props: dict, new_props: dict, stack_name: str, "
        "logical_id: str | None = None, old_attrs: dict | None = None) -> tuple"
    ),
    stacks._delete_resource: (
        "(resource_type: str, physical_id: str, props: dict, stack_name: str | None = None, "
        "logical_id: str | None = None)"
    ),
    stacks._roll_back_operation: (
        "(stack_name: str, stack_id: str, stack: dict, operation: dict, reason_override: str = '')"
    ),
    changesets._resolve_props_for_diff: "(template, params, stack_name, stack_id)",
    changesets._diff_resources: (
        "(old_template: dict, new_template: dict, resources: dict | None = None, template: dict | None = None, "
        "changed_params=(), retag=()) -> list"
    ),
    changesets._describe_change_set: "(params)",
    handlers._resolve_parameters: (
        "(template: dict, provided_params: list[dict], previous_params: dict | None = None) -> dict"
    ),
    ec2._launch_instances_internal: (
        "(image_id, instance_type, subnet_id, count, key_name='', user_data='', sg_ids=None, "
        "requested_private_ip=None, iam_profile=None)"
    ),
    autoscaling._reconcile_instances: "(asg)",
    provisioners._asg_update: "(physical_id, old_props, new_props, stack_name, logical_id=None)",
    provisioners._asg_delete: "(physical_id, props)",
    provisioners._sm_secret_string: "(props)",
    secretsmanager._rotate_secret: "(data)",
    lambda_svc._execute_function_with_config_scope: "(func: dict, event: dict) -> dict",
    iam._create_access_key: "(p)",
    app._build_persistence_save_dict: "()",
}


def check() -> None:
    """Raise DeployerError naming what is not as this layer expects it. Call it before anything is replaced."""
    hint = "pip install 'deepsql-deployer[sandbox]'"
    if (found := version("ministack")) != MINISTACK:
        raise DeployerError(f"The sandbox needs MiniStack {MINISTACK}, this is {found}.", hint, code="sandbox-version")
    for function, expected in SIGNATURES.items():
        if str(inspect.signature(function)) != expected:
            raise DeployerError(f"MiniStack's {function.__name__} has changed.", hint, code="sandbox-version")
