"""A stand-in for a private RDS database: a real PostgreSQL, and in front of it what RDS adds: TLS and IAM tokens."""
