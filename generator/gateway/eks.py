"""EKS: who may use a cluster."""

from __future__ import annotations

from generator.gateway.service import Service


class EKS(Service):
    """Domain verbs over the EKS API."""

    def list_clusters(self) -> list[str]:
        """The names of the region's clusters."""
        return [str(name) for page in self._pages("list_clusters") for name in page["clusters"]]

    def list_access_entries(self, cluster: str) -> list[str]:
        """ARNs of the principals that have access to the cluster. Raises NotFound when there is no such cluster."""
        pages = self._pages("list_access_entries", clusterName=cluster)
        return [str(arn) for page in pages for arn in page["accessEntries"]]
