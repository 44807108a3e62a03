"""The templates that are emitted: their names on the command line, and the files they are kept in."""

from __future__ import annotations

from enum import StrEnum

from generator.model.contract import EXAMPLE_PATH, TEMPLATE_PATH


class TemplateName(StrEnum):
    """One template each; the stack's comes first, because it is the product."""

    STACK = "stack"
    EXAMPLE_DATABASE = "example-database"
    VPC_ENDPOINTS = "vpc-endpoints"
    ENGINEERS = "engineers"
    CLUSTER_ACCESS = "cluster-access"

    @property
    def path(self) -> str:
        """Where it is kept, seen from the project's folder."""
        return _PATHS[self]


_PATHS = {
    TemplateName.STACK: TEMPLATE_PATH,
    TemplateName.EXAMPLE_DATABASE: EXAMPLE_PATH,
    TemplateName.VPC_ENDPOINTS: "templates/deepsql-vpc-endpoints.yaml",
    TemplateName.ENGINEERS: "templates/deepsql-engineers.yaml",
    TemplateName.CLUSTER_ACCESS: "templates/deepsql-cluster-access.yaml",
}
