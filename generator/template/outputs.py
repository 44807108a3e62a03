"""The stack's outputs: names and addresses, never a secret."""

from __future__ import annotations

from troposphere import Output, Sub, Template

from generator.model.contract import INSTALL_LOG_PATH, UI_PORT, Condition, Resource
from generator.model.contract import Output as O
from generator.template.conditions import session_log
from generator.template.parts import get_att, ref
from generator.template.support_role import external_id

WANTED = Condition.WANT_SUPPORT_USER
NAMED = ""
"""No description, to save bytes, where the output's name says enough."""


def add_outputs(template: Template) -> None:
    """Add the contract's outputs first, then those the command line needs."""
    start = "aws ssm start-session --region ${AWS::Region} --target ${Instance}"
    _add(template, O.INSTANCE_ID, NAMED, ref(Resource.INSTANCE))
    _add(template, O.PRIVATE_IP, NAMED, get_att(Resource.INSTANCE, "PrivateIp"))
    _add(
        template,
        O.SECURITY_GROUP_ID,
        "Let it in at your database.",
        ref(Resource.SECURITY_GROUP),
    )
    _add(
        template,
        O.CONNECT_COMMAND,
        NAMED,
        Sub(f"{start} --document-name ${{{Resource.SHELL_DOCUMENT}}}"),
    )
    _add(
        template,
        O.PORT_FORWARD_COMMAND,
        NAMED,
        Sub(
            f"{start} --document-name ${{{Resource.PORT_DOCUMENT}}}"
            f" --parameters portNumber={UI_PORT},localPortNumber={UI_PORT}"
        ),
    )
    _add(template, O.INSTALL_LOG_PATH, NAMED, INSTALL_LOG_PATH)
    _add_support(template)
    _add(template, O.STACK_KEY_ARN, NAMED, get_att(Resource.STACK_KEY, "Arn"))
    _add(template, O.ADMIN_SECRET_ARN, NAMED, ref(Resource.ADMIN_SECRET))
    _add(template, O.SESSION_LOG_GROUP_NAME, NAMED, session_log())
    _add(template, O.SHELL_DOCUMENT_NAME, NAMED, ref(Resource.SHELL_DOCUMENT))
    _add(template, O.CUSTOMER_SHELL_DOCUMENT_NAME, NAMED, ref(Resource.CUSTOMER_SHELL_DOCUMENT))
    _add(template, O.PORT_DOCUMENT_NAME, NAMED, ref(Resource.PORT_DOCUMENT))
    _add(template, O.SSH_DOCUMENT_NAME, NAMED, ref(Resource.SSH_DOCUMENT))
    _add(template, O.KEEPER_FUNCTION_NAME, NAMED, ref(Resource.KEEPER_FUNCTION))
    _add(template, O.BASTION_GROUP_NAME, NAMED, ref(Resource.BASTION_GROUP), Condition.WANT_BASTION_GROUP)


def _add_support(template: Template) -> None:
    _add(
        template,
        O.SUPPORT_SECRET_ARN,
        NAMED,
        ref(Resource.SUPPORT_SECRET),
        WANTED,
    )
    _add(
        template,
        O.SUPPORT_SECRET_FETCH_COMMAND,
        NAMED,
        Sub(
            "aws secretsmanager get-secret-value --region ${AWS::Region}"
            f" --secret-id ${{{Resource.SUPPORT_SECRET}}} --query SecretString --output text"
        ),
        WANTED,
    )
    _add(template, O.SUPPORT_USER_NAME, NAMED, ref(Resource.SUPPORT_USER), WANTED)
    role = Condition.WANT_SUPPORT_ROLE
    _add(template, O.SUPPORT_ROLE_ARN, NAMED, get_att(Resource.SUPPORT_ROLE, "Arn"), role)
    _add(template, O.SUPPORT_ROLE_EXTERNAL_ID, NAMED, external_id(), role)


def _add(template: Template, name: O, description: str, value: object, condition: Condition | None = None) -> None:
    extra = {"Description": description} if description else {}
    extra |= {"Condition": str(condition)} if condition else {}
    template.add_output(Output(str(name), Value=value, **extra))
