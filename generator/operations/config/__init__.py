"""Stored defaults: TOML in the user's config directory and in the project's folder."""
