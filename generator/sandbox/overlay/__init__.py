"""What MiniStack's CloudFormation lacks or does otherwise than AWS, one file per subject.

Every correction says what AWS does and what MiniStack does. Private names of MiniStack are used: `pinned` refuses to
start with another version of it.
"""

from generator.sandbox.asgi import Sandbox
from generator.sandbox.overlay import (
    autoscaling,
    changesets,
    cluster_access,
    conditions,
    custom,
    documents,
    endpoints,
    events,
    iam,
    ingress,
    instance,
    naming,
    network,
    operations,
    parameters,
    pinned,
    recovery,
    recreation,
    rotation,
    secrets,
    user_credentials,
)


def install(sandbox: Sandbox) -> None:
    """Put every correction in place."""
    pinned.check()
    for part in (operations, events, conditions, changesets, parameters, recreation, naming, network):
        part.install()
    for resource in (
        instance,
        iam,
        user_credentials,
        secrets,
        rotation,
        custom,
        documents,
        cluster_access,
        autoscaling,
    ):
        resource.install()
    endpoints.install()
    ingress.install()
    recovery.install(sandbox)
