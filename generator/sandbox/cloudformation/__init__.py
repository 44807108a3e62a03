"""CloudFormation in the sandbox: the engine that runs stacks, and the table of the resource types it serves."""
