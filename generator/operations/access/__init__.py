"""Support access: opened, bounded, closed, and shown from what AWS says."""
