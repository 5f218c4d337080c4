"""What runs on a device: its key, its certificate, and its connection to a broker.

It stands on the client library; nothing of the service is in it.
"""
