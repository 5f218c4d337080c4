"""Privy Seal: a private certificate authority that a team runs itself.

ARCHITECTURE.md has the map: which folder is on which rung and what may import what.
"""

__version__ = "0.1.0"
