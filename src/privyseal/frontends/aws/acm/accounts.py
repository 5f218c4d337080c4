"""The operations on an account's configuration."""

from collections.abc import Mapping

from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.calling import caller
from privyseal.frontends.aws.model import Call, Handler


class Accounts(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GetAccountConfiguration": self.get_account_configuration,
            "PutAccountConfiguration": self.put_account_configuration,
        }

    async def get_account_configuration(
        self, call: Call, _: shapes.NoInput
    ) -> shapes.GetAccountConfigurationResponse:
        days = await self._pool.run(self._managed.accounts.days_before_expiry, caller(call), call.region)
        events = shapes.ExpiryEventsConfiguration(days_before_expiry=days)
        return shapes.GetAccountConfigurationResponse(expiry_events=events)

    async def put_account_configuration(
        self, call: Call, request: shapes.PutAccountConfigurationRequest
    ) -> None:
        days = request.expiry_events.days_before_expiry if request.expiry_events else None
        await self._pool.run(
            self._managed.accounts.put, caller(call), call.region, days, request.idempotency_token
        )
