"""IAM in the sandbox: what MiniStack lacks or does otherwise than AWS."""
