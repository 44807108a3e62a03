"""The permissions of CloudFormation's resource handlers, from the resource schemas that cfn-lint carries.

`python -m tests.permissions.schemas --write` writes generator/model/handler_permissions.json again (make permissions);
`--check` exits 3 when it is stale (make check).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cfnlint.decode import decode
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.permissions.generated import keep_current

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "generator/model/handler_permissions.json"
TEMPLATES = (ROOT / "templates/deepsql-stack.yaml", ROOT / "generator/sandbox/published-stack.yaml")
HANDLERS = ("create", "read", "update", "delete")  # list is for drift detection and imports, which nothing here runs


def resources() -> list[dict[str, Any]]:
    """Every resource of our template and of the published one, which an upgrade changes into ours."""
    return [body for path in TEMPLATES for body in decode(str(path))[0]["Resources"].values()]


def permissions(resource_type: str) -> dict[str, list[str]]:
    """Handler -> permissions, each once and sorted; empty for a type whose schema names none."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    declared = schema.get("handlers") or {}
    return {name: sorted(set(declared[name]["permissions"])) for name in HANDLERS if name in declared}


def table() -> str:
    """The text of the table."""
    types = sorted({body["Type"] for body in resources() if body["Type"].startswith("AWS::")})
    return json.dumps({each: permissions(each) for each in types}, indent=1) + "\n"


def main(argv: list[str]) -> int:
    """Write the table, or say whether it is current."""
    return keep_current(TABLE, table(), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
