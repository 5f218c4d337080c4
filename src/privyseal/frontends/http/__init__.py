"""HTTP plumbing that every front-end shares: requests and responses, routing, limits, the thread pool.

The server underneath is uvicorn with httptools. A request that arrives whole comes straight from its
connection, any other by ASGI. There is no framework: its routing and parsing would cost more than a
whole AWS call does here.
"""

from privyseal.frontends.http.app import App, Frontend, NothingHere, Route
from privyseal.frontends.http.authentication import Authenticator
from privyseal.frontends.http.exchange import Limits
from privyseal.frontends.http.message import Headers, Pairs, Request, Response, Stream, problem
from privyseal.frontends.http.pool import Pool

__all__ = [
    "App",
    "Authenticator",
    "Frontend",
    "Headers",
    "Limits",
    "NothingHere",
    "Pairs",
    "Pool",
    "Request",
    "Response",
    "Route",
    "Stream",
    "problem",
]
