"""The stack as a value: troposphere parts by feature area, deterministic YAML."""
