"""The domain behind its lanes: asked from event loops and from threads, in batches."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509

from privyseal.ca.certificates import GetRequest
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import CertificateArn
from tests.ca.world import CALLER, World, csr, issue_request


def test_calls_from_an_event_loop_are_gathered_into_few_commits(world: World) -> None:
    arn = world.root()
    before, commits = world.stored(arn), world.store.commits

    async def main() -> list[CertificateArn]:
        return list(await asyncio.gather(*(world.ca.issue(issue_request(arn)) for _ in range(200))))

    answers = asyncio.run(main())
    assert len(set(answers)) == 200
    assert world.stored(arn) == before + 200
    assert world.store.commits - commits < 50


def test_what_was_issued_can_be_read_through_the_other_lane(world: World) -> None:
    arn = world.root()

    async def main() -> tuple[CertificateArn, str]:
        issued = await world.ca.issue(issue_request(arn))
        found = await world.ca.get(GetRequest(CALLER, arn, str(issued)))
        return issued, found.certificate

    issued, certificate = asyncio.run(main())
    assert x509.load_pem_x509_certificate(certificate.encode()).serial_number == issued.serial


def test_each_caller_hears_of_its_own_error(world: World) -> None:
    arn = world.root()

    async def main() -> list[CertificateArn | BaseException]:
        requests = [issue_request(arn), issue_request("x"), issue_request(arn, b"bad"), issue_request(arn)]
        return list(await asyncio.gather(*map(world.ca.issue, requests), return_exceptions=True))

    codes = [each.code if isinstance(each, PrivySealError) else None for each in asyncio.run(main())]
    assert codes == [None, ErrorCode.INVALID_ARN, ErrorCode.MALFORMED_CSR, None]


def test_sixty_four_threads_with_one_token_get_one_certificate(world: World) -> None:
    arn = world.root()
    before = world.stored(arn)
    request = issue_request(arn, token="t")
    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda _: world.ca.issue_now(request), range(64)))
    assert len({each.arn for each in answers}) == 1
    assert world.stored(arn) == before + 1


def test_many_authorities_at_once_are_all_served(processes: Callable[[int], list[World]]) -> None:
    """More authorities than threads: none starves, and reading goes on beside them."""
    (world,) = processes(1)
    arns = [world.root() for _ in range(20)]
    known = world.issue(arns[0])
    read = GetRequest(CALLER, arns[0], str(known.arn))

    async def main() -> None:
        issuing = [world.ca.issue(issue_request(arn, csr(f"d-{n}"))) for n in range(10) for arn in arns]
        await asyncio.wait_for(asyncio.gather(*issuing, *(world.ca.get(read) for _ in range(50))), 60)

    asyncio.run(main())
    assert all(world.stored(arn) >= 11 for arn in arns)


def test_after_closing_a_call_is_refused_and_does_not_hang(world: World) -> None:
    arn = world.root()
    world.ca.close()
    for _ in range(2):
        with pytest.raises(PrivySealError) as refusal:
            world.ca.issue_now(issue_request(arn))
        assert refusal.value.code is ErrorCode.UNAVAILABLE
