"""access policy: the support policy as a document, for hosts that no stack made."""

from __future__ import annotations

import json
from collections.abc import Sequence

from generator.policies.document import Document
from generator.policies.support import support_user_policy_document


def policy_document(
    *, account: str | None, region: str | None, partition: str, instances: Sequence[str], documents: Sequence[str]
) -> Document:
    """The document, with placeholders (ACCOUNT_ID, REGION) for what is not known. Nothing is asked of AWS."""
    known = {"account": account, "region": region, "instance_ids": tuple(instances), "documents": tuple(documents)}
    given = {key: value for key, value in known.items() if value}
    return support_user_policy_document(partition=partition, **given)  # type: ignore[arg-type]


def as_text(document: Document, fmt: str) -> str:
    """JSON or YAML text of a policy document."""
    if fmt == "json":
        return json.dumps(document, indent=2)
    import yaml

    return yaml.safe_dump(document, sort_keys=False, width=110)
