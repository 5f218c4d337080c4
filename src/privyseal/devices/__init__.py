"""Devices: which device has which key, and how a device that proves its key gets a certificate.

It may import rungs 0 to 2b. What it needs from outside (a repository, somebody who issues) stands
in `ports.py`.
"""
