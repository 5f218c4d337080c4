"""The private CA: authorities and their states, issuing, revoking. The only code that signs.

It may import rungs 0 to 2a. What it needs from outside stands in `ports.py`.
"""
