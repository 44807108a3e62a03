"""Reaching a private Aurora or RDS database: users by access level, tokens, tunnels, clients, activity."""
