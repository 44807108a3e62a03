"""Reaching a private Aurora or RDS database: users by grade, tokens, tunnels, clients, activity."""
