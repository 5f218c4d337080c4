"""Our own REST API under /api/v1: what the command line needs beside the AWS operations.

JSON over HTTP, signed with SigV4 for the service `privyseal`, for administrators. One file per
resource, each with its rows for the router.
"""

from privyseal.frontends.api.front import ApiFrontend

__all__ = ["ApiFrontend"]
