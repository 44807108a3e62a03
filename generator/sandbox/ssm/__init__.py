"""Systems Manager in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.sandbox.ssm import documents

if TYPE_CHECKING:
    from generator.sandbox.app import Sandbox


def install(sandbox: Sandbox) -> None:
    """Add the stores."""
    from generator.sandbox.app import Store
    from generator.sandbox.decisions import add_tag_reader

    sandbox.stores["ssm-documents"] = Store(documents.dump, documents.load)
    add_tag_reader(documents.tags_of)
