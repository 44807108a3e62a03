"""The deployer: one CloudFormation template, one CLI, and the proof that access has ended.

Rooms and who may import whom: docs/explanation/architecture.md, held by tests/test_rooms.py.
"""

__version__ = "0.1.0"
