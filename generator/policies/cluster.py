"""What the privileged instance may ask about its EKS cluster: where it is. What it may do there is the access entry."""

from __future__ import annotations

import awacs.eks as eks

from generator.policies.document import Document, Value, allow, document


def find_the_cluster(cluster: Value) -> Document:
    """Read endpoint and certificate authority of one cluster, as `aws eks update-kubeconfig` does."""
    return document([allow("FindTheCluster", [eks.DescribeCluster], cluster)])
