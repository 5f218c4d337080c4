"""CRLs begin again at the present, after a clock that was far ahead."""

from msgspec import Struct

from privyseal.ca.revocation.restarting import CrlRestarting
from privyseal.frontends import strict_json
from privyseal.frontends.api.model import Call, Endpoint
from privyseal.frontends.http import Pool


class RestartBody(Struct, forbid_unknown_fields=True):
    authority_arn: str


class RestartResponse(Struct):
    crls: int  # how many are made anew


def endpoints(restarting: CrlRestarting, pool: Pool) -> list[Endpoint]:
    return [Endpoint("RestartCrls", "POST", ("crl-restarts",), CrlRestarts(restarting, pool).restart)]


class CrlRestarts:
    def __init__(self, restarting: CrlRestarting, pool: Pool) -> None:
        self._restarting = restarting
        self._pool = pool

    async def restart(self, call: Call) -> RestartResponse:
        body = strict_json.decode(call.body, RestartBody)
        return RestartResponse(
            await self._pool.run(self._restarting.restart, call.caller, body.authority_arn)
        )
