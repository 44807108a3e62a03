"""The vendor's side: the key fetched when it is needed and kept nowhere, and which policy is missing."""
