"""A stand-in for a private RDS database: a real server, and before it what RDS adds: TLS and IAM tokens."""
