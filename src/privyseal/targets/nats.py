"""Events as messages of a NATS server: the server has it when it answers a PING after it, or, with
JetStream, a stream when it acknowledges it. `Nats-Msg-Id` is the event's id, by which a stream drops what
comes twice.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt
from privyseal.targets.trust import client_context


class NatsTarget:
    """Implements `events.ports.Target`: a connection for each event, so there is none to look after."""

    def __init__(
        self,
        name: str,
        *,
        url: str,
        subject: str,
        jetstream: bool = False,
        username: str = "",
        password: str = "",
        credentials_file: str = "",
        ca_file: str = "",
        timeout_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self._url = url
        self._subject = subject
        self._jetstream = jetstream
        self._user = username
        self._password = password
        self._credentials = credentials_file
        self._tls: ssl.SSLContext | None = client_context(ca_file) if url.startswith("tls:") else None
        self._seconds = timeout_seconds

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:  # noqa: ARG002 - the event has its id
        try:
            asyncio.run(asyncio.wait_for(self._publish(event), self._seconds))
        except nats.errors.MaxPayloadError as error:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, "The event is larger than the NATS server takes."
            ) from error
        except (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError) as error:
            why = f"{type(error).__name__}: {error}"
            raise PrivySealError(ErrorCode.UNAVAILABLE, f"{self._url} takes no event now: {why}") from error

    def close(self) -> None:
        """Nothing stays open."""

    async def _publish(self, event: Mapping[str, Any]) -> None:
        connection = Client()
        try:
            await self._connect(connection)
            body, headers = json.dumps(event).encode(), {"Nats-Msg-Id": event["id"]}
            if self._jetstream:
                await connection.jetstream().publish(
                    self._subject, body, headers=headers, timeout=self._seconds
                )
            else:
                await connection.publish(self._subject, body, headers=headers)
                await connection.flush(timeout=max(1, int(self._seconds)))
            if connection.last_error is not None:
                raise connection.last_error
        finally:
            await connection.close()
            await asyncio.sleep(0)  # a closed transport lets go of its socket one turn later

    async def _connect(self, connection: Client) -> None:
        await connection.connect(
            self._url,
            name="privyseal",
            user=self._user or None,
            password=self._password or None,
            user_credentials=Path(self._credentials) if self._credentials else None,
            tls=self._tls,
            allow_reconnect=False,
            connect_timeout=max(1, int(self._seconds)),
            error_cb=_hear,
        )


async def _hear(_: Exception) -> None:
    """What goes wrong is raised where it matters; nats-py would print it."""
