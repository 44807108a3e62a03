"""Typer only: parse, call one operation, render its result."""
