"""Tokens: requested, refreshed, and replaced."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tap_akeneo.client.auth import AkeneoAuthenticator, Credentials
from tap_akeneo.client.errors import AkeneoError, LoginRefused
from tap_akeneo.client.http import HttpClient
from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.reading import ListReading
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.tap import TapAkeneo
from tests.support import settings_for, sync, uuids

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim


def authenticator(pim: SimulatedPim, **credentials: str) -> AkeneoAuthenticator:
    return AkeneoAuthenticator(
        HttpClient(max_retries=0),
        f"{pim.url}/api/oauth/v1/token",
        Credentials(**{**pim.credentials, **credentials}),
    )


def token_requests(pim: SimulatedPim) -> int:
    return sum("/token" in request.path for request in pim.requests)


def test_one_token_is_used_for_a_whole_run(start_pim: StartPim) -> None:
    pim = start_pim()
    sync(pim)
    assert token_requests(pim) == 1


def test_a_token_that_expires_between_two_pages_is_replaced_and_no_record_is_lost(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=50)
    tap = TapAkeneo(config=settings_for(pim))
    request = ListRequest("products-uuid", Pagination.SEARCH_AFTER, ("uuid",), page_size=10)
    reading = ListReading(request)
    read = []
    while (one := reading.start_slice((), divides=False)) is not None:
        step = one.step(tap.pim)
        reading.arrive(one, step)
        read += [value_of(item, "uuid") for item in step.page.items]
        pim.tokens.expire_access()
    assert sorted(read) == uuids(pim)
    assert token_requests(pim) > 4


def test_a_pim_that_renews_no_token_ends_the_run_and_has_no_broken_items(
    start_pim: StartPim,
) -> None:
    pim = start_pim()

    def expire() -> None:
        pim.tokens.expire_access()
        pim.faults.add("status", "/token", status=500, times=None)

    pim.faults.add("event", "/products-uuid", nth=2, do=expire)
    with pytest.raises(AkeneoError, match=r"the PIM answers 500: .* \[POST /api/oauth/v1/token\]"):
        sync(pim, page_size=10, max_concurrency=1, max_retries=1)
    # The login, and for each request that was sent before the run ended, two tries to renew it.
    assert token_requests(pim) <= 1 + 3 * 2


def test_an_expired_token_is_renewed_without_waiting(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    tap = TapAkeneo(config=settings_for(pim))
    tap.pim.get("system-information", bytes)
    pim.tokens.expire_access()
    tap.pim.get("system-information", bytes)
    assert [request.status for request in pim.requests].count(401) == 1
    assert tap.pim.traffic.waited == 0


def test_tokens_that_expire_within_seconds_are_renewed_in_time(start_pim: StartPim) -> None:
    pim = start_pim(products=30, access_token_lifetime=2, latency=0.3)
    run = sync(pim, "products", page_size=5)
    assert len(run.rows("products")) == len(pim.truth("products"))
    assert not [request for request in pim.requests if request.status == 401]


def test_an_expired_token_is_refreshed_and_the_rotated_refresh_token_is_used_next(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    tokens = authenticator(pim)
    seen = set()
    for _ in range(4):
        token = tokens.access_token()
        seen.add(token)
        tokens.discard(token)
    assert len(seen) == 4
    assert all(request.status == 200 for request in pim.requests)


def test_a_revoked_refresh_token_leads_to_a_new_login(start_pim: StartPim) -> None:
    pim = start_pim()
    tokens = authenticator(pim)
    first = tokens.access_token()
    pim.tokens.revoke_refresh()
    tokens.discard(first)
    assert tokens.access_token() != first
    assert [request.status for request in pim.requests] == [200, 422, 200]


def test_many_threads_share_one_renewal(start_pim: StartPim) -> None:
    pim = start_pim(latency=0.05)
    tokens = authenticator(pim)
    stale = tokens.access_token()
    pim.requests.clear()
    got: list[str] = []

    def renew() -> None:
        tokens.discard(stale)
        got.append(tokens.access_token())

    threads = [threading.Thread(target=renew) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 1
    assert got[0] != stale
    assert token_requests(pim) == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"client_id": "nobody"}, "client_id and client_secret"),
        ({"client_secret": "wrong"}, "client_id and client_secret"),
        ({"username": "nobody"}, "username and password"),
        ({"password": "wrong"}, "username and password"),
        ({"password": "x" * 300}, "longer than the PIM accepts"),
    ],
)
def test_the_error_for_a_rejected_login_names_the_settings_to_check(
    start_pim: StartPim, wrong: dict[str, str], named: str
) -> None:
    pim = start_pim()
    with pytest.raises(LoginRefused, match=named) as caught:
        authenticator(pim, **wrong).access_token()
    assert not any(value in str(caught.value) for value in wrong.values() if value != "wrong")


def test_a_token_missing_at_the_configured_key_is_reported(start_pim: StartPim) -> None:
    pim = start_pim()
    with pytest.raises(LoginRefused, match=r"at 'data\.token' \(its keys: access_token, .*setting"):
        AkeneoAuthenticator(
            HttpClient(),
            f"{pim.url}/api/oauth/v1/token",
            Credentials(**pim.credentials),
            access_token_key="data.token",
        ).access_token()


def test_a_token_key_with_dots_reads_nested_objects(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add(
        "status",
        "/token",
        status=200,
        body={"data": {"access": "abc", "refresh": "def"}, "expires_in": 3600},
    )
    tokens = AkeneoAuthenticator(
        HttpClient(),
        f"{pim.url}/api/oauth/v1/token",
        Credentials(**pim.credentials),
        access_token_key="data.access",
        refresh_token_key="data.refresh",
    )
    assert tokens.access_token() == "abc"


def test_tokens_are_not_shown_in_a_repr(start_pim: StartPim) -> None:
    pim = start_pim()
    tokens = authenticator(pim)
    assert tokens.access_token() not in repr(vars(tokens))
