"""What MiniStack's CloudFormation lacks or does otherwise than AWS, one file per subject.

Every correction says what AWS does and what MiniStack does. Private names of MiniStack are used; `pinned` lists them all
and refuses to start when one of them is gone, so that a new version is noticed at once.
"""

from generator.sandbox.app import Sandbox
from generator.sandbox.overlay import (
    changesets,
    custom,
    documents,
    iam,
    instance,
    naming,
    network,
    operations,
    parameters,
    pinned,
    recovery,
    rotation,
    secrets,
)


def install(sandbox: Sandbox) -> None:
    """Put every correction in place."""
    pinned.check()
    for part in (operations, changesets, parameters, naming, network, instance, iam, secrets, custom, documents):
        part.install()
    rotation.install()
    recovery.install(sandbox)
