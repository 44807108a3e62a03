"""What the installation reads: the admin password from a secret, everything else from an SSM parameter."""

from __future__ import annotations

from troposphere import Sub, Template
from troposphere.secretsmanager import GenerateSecretString, Secret
from troposphere.ssm import Parameter as SsmParameter

from generator.model.contract import Condition, Parameter, Resource
from generator.template.parts import ref, unless, when

SETTINGS = "\n".join(
    [
        f"email=${{{Parameter.ADMIN_EMAIL}}}",
        f"source=${{{Parameter.INSTALLER_SOURCE}}}",
        f"version=${{{Parameter.INSTALLER_VERSION}}}",
        f"sha256=${{{Parameter.INSTALLER_SHA256}}}",
    ]
)


def add_installation(template: Template) -> None:
    """Add both. The secret's value is the password alone (docs/decisions/0007-bare-admin-password.md)."""
    template.add_resource(
        Secret(
            str(Resource.ADMIN_SECRET),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            KmsKeyId=ref(Resource.STACK_KEY),
            SecretString=unless(Condition.NO_PASSWORD, ref(Parameter.ADMIN_PASSWORD)),
            GenerateSecretString=when(
                Condition.NO_PASSWORD, GenerateSecretString(PasswordLength=24, ExcludePunctuation=True)
            ),
        )
    )
    template.add_resource(
        SsmParameter(
            str(Resource.INSTALL_SETTINGS),
            Type="String",
            Value=Sub(SETTINGS),
        )
    )
