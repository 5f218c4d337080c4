"""Running the service on a machine: its data directory, its first start, its processes and sockets."""
