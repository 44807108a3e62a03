"""Frozen dataclasses and enums: what the product talks about. Questions about themselves, no behaviour beyond."""
