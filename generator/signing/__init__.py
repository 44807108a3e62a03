"""Signatures by ECDSA on the curve P-256: keys, bundles, and what they sign. The texts are values; no file is read."""
