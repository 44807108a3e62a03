"""The stack as a value: troposphere parts by feature, written as deterministic YAML."""
