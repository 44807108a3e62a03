"""The whole table. A row reads: who may, or may not, do what; with which request; on which stack."""

from __future__ import annotations

from tests.proof.tables import boundary, engineers, roles, support, support_database, support_role, vendor
from tests.proof.world import Row

ROWS: list[Row] = [
    *support.ROWS,
    *support_role.ROWS,
    *support_database.ROWS,
    *boundary.ROWS,
    *vendor.ROWS,
    *roles.ROWS,
    *engineers.ROWS,
]
