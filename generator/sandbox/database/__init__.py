"""RDS in the sandbox: a real PostgreSQL or MySQL with what RDS adds to it: TLS, IAM tokens, a master user."""
