"""Access to the customer's database through the stack's own instance: a security group rule and a session document."""

from __future__ import annotations

from troposphere import Template
from troposphere.ec2 import SecurityGroupIngress

from generator.model.contract import Condition, DocumentKind, Parameter, Resource
from generator.template.parts import ref
from generator.template.session_documents import ANY_PORT, session_document


def add_database(template: Template) -> None:
    """Add each if its parameter is given: the security group for the rule, the endpoint for the document."""
    template.add_resource(_ingress())
    made = session_document(Resource.DATABASE_DOCUMENT, DocumentKind.DATABASE, _tunnel())
    made.Condition = str(Condition.DATABASE_GIVEN)
    template.add_resource(made)


def _ingress() -> SecurityGroupIngress:
    return SecurityGroupIngress(
        str(Resource.DATABASE_INGRESS),
        Condition=str(Condition.DATABASE_GROUP_GIVEN),
        GroupId=ref(Parameter.DATABASE_SECURITY_GROUP_ID),
        IpProtocol="tcp",
        FromPort=ref(Parameter.DATABASE_PORT),
        ToPort=ref(Parameter.DATABASE_PORT),
        SourceSecurityGroupId=ref(Resource.SECURITY_GROUP),
    )


def _tunnel() -> dict[str, object]:
    """Host and port are fixed: whoever may use this document reaches the database and nothing else."""
    return {
        "schemaVersion": "1.0",
        "description": "A tunnel to the database",
        "sessionType": "Port",
        "parameters": {
            "localPortNumber": {"type": "String", "allowedPattern": ANY_PORT, "default": "0"},
        },
        "properties": {
            "host": ref(Parameter.DATABASE_ENDPOINT),
            "portNumber": ref(Parameter.DATABASE_PORT),
            "type": "LocalPortForwarding",
            "localPortNumber": "{{ localPortNumber }}",
        },
    }
