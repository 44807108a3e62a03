"""The template that existing customers run (written for the template's own tests), and its parameters."""

from pathlib import Path

PUBLISHED = (Path(__file__).parents[3] / "generator/sandbox/published-stack.yaml").read_text()

SUPPORT_SET = {"SupportUser", "SupportUserPolicy", "SupportAccessKey", "SupportCredentialsSecret"}
ADMIN_PASSWORD = "canary-of-the-admin-password"


def parameters(**given: str) -> list[dict[str, str]]:
    """The template's parameters as the API takes them, with the sandbox's own network."""
    values = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminPassword": ADMIN_PASSWORD, **given}
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def previous(*kept: str, **given: str) -> list[dict[str, object]]:
    """Previous values for the named parameters, new ones for the others."""
    return [
        *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
        *({"ParameterKey": key, "ParameterValue": value} for key, value in given.items()),
    ]
