"""From a signed request to the principal behind it: SigV4 over the access keys."""

import asyncio
from datetime import datetime

from privyseal import log, sigv4
from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey, Principal
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http.message import Request
from privyseal.frontends.http.pool import Pool
from privyseal.sparing import Sparing

LOGGED_EVERY_S = 60.0


class Authenticator:
    """One per deployment: `region` is the only one that a credential may be scoped to."""

    def __init__(self, keys: KeyRing, pool: Pool, region: str) -> None:
        self._keys = keys
        self._pool = pool
        self._region = region
        self._logged = Sparing(LOGGED_EVERY_S)
        # A busy key is read once for all the calls that come while it is.
        self._loading: dict[str, asyncio.Future[AccessKey | None]] = {}

    async def authenticate(self, request: Request, service: str, now: datetime) -> Principal:
        """`service` is the signing name that the request must have been signed for.

        Raises MISSING_, MALFORMED_ or UNKNOWN_CREDENTIALS or BAD_SIGNATURE. That is counted each time
        (by the outcome of its request), and logged once a minute for each client and reason.
        """
        try:
            claim = _claim(request)
            key = await self._find(claim.access_key_id, now)
            return self._proved(request, claim, key, service, now)
        except PrivySealError as error:
            if self._logged.allow(f"{request.client} {error.code}"):
                log.warning("not authenticated", reason=error.code.value, client=request.client)
            raise

    def _proved(
        self, request: Request, claim: sigv4.Credential, key: AccessKey | None, service: str, now: datetime
    ) -> Principal:
        if key is None or not key.active:
            text = "The security token included in the request is invalid."
            raise PrivySealError(ErrorCode.UNKNOWN_CREDENTIALS, text)
        signed = sigv4.SignedRequest(
            request.method, request.raw_path, request.raw_query, request.headers.pairs, request.body
        )
        sigv4.verify(signed, claim, key.secret, region=self._region, service=service, now=now)
        return key.principal

    async def _find(self, key_id: str, now: datetime) -> AccessKey | None:
        try:
            return self._keys.cached(key_id, now)
        except LookupError:
            pass
        loading = self._loading.get(key_id)
        if loading is None:
            loading = self._loading[key_id] = asyncio.ensure_future(self._pool.run(self._keys.load, key_id))
            loading.add_done_callback(lambda done: self._loaded(key_id, done))
        return await asyncio.shield(loading)

    def _loaded(self, key_id: str, done: "asyncio.Future[AccessKey | None]") -> None:
        del self._loading[key_id]
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody may be left


def _claim(request: Request) -> sigv4.Credential:
    if request.raw_query and sigv4.is_presigned(request.raw_query):
        text = "Presigned requests are not accepted: sign with an Authorization header."
        raise PrivySealError(ErrorCode.MALFORMED_CREDENTIALS, text)
    return sigv4.parse_authorization(request.headers.pairs)
