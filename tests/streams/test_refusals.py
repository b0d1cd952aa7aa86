"""A refusal is reported once, with the PIM's message and the setting or permission at fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.client.errors import LoginRefused
from tests.docs.troubleshooting import is_explained
from tests.support import errors, sync, uuids

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

EVERYTHING: dict[str, Any] = {
    "channel": "print",
    "locales": ["en_US", "ja_JP"],
    "attributes": ["color", "nope"],
    "filters": {
        "products": {
            "size": [{"operator": "=", "value": 1}],
            "family": [{"operator": "IN", "value": ["shoe"]}],
            "categories": [{"operator": "IN", "value": ["hat"]}],
        }
    },
    "updated_including_linked_entities": True,
    "start_date": "2020-01-01",
    "pim_timezone": "UTC",
    "with_attribute_options": True,
}
"""All settings that the PIM can refuse, so that the message alone says which one it was."""

MESSAGES = {
    # Recorded on 5.0.118, 6.0.90, 7.0.22 and the master of April 2024.
    'Attribute "nope" does not exist.': "attributes",
    'Attributes "color, nope" do not exist.': "attributes",
    'Locale "ja_JP" does not exist or is not activated.': "locales",
    'Locales "en_US, ja_JP" do not exist or are not activated.': "locales",
    'Locale "ja_JP" is not activated for the scope "print".': "locales",
    'Scope "print" does not exist.': "channel",
    "Search query parameter should be valid JSON.": "filters",
    '"size" does not exist or you do not have permission to access it.': "filters",
    'Filter on property "size" is not supported or does not support operator "="': "filters",
    'Object "family" with code "shoe" does not exist': "filters",
    'Category "hat" does not exist.': "filters",
    'Property "size" expects a boolean as data, "string" given.': "filters",
    'Filter on property "updated_including_linked_entities" is not supported or does not support '
    'operator ">"': "updated_including_linked_entities",
    '"updated_including_linked_entities" does not exist or you do not have permission to access '
    "it.": "updated_including_linked_entities",
    # Not seen in a PIM, because none refuses these.
    'The parameter "with_attribute_options" is not valid.': "with_attribute_options",
    "with_quality_scores must be a boolean.": "with_quality_scores",
}

BEFORE_THE_PIM = (
    "a server before the PIM, such as a firewall, refused the request: have it let the tap through"
)


def refuse(pim: SimulatedPim, message: str) -> None:
    body = {"code": 422, "message": message}
    pim.faults.add("status", "/products-uuid", status=422, body=body, times=None)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_setting_at_fault_is_named_after_the_message_and_before_the_address(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, message: str
) -> None:
    pim = start_pim()
    refuse(pim, message)
    run = sync(pim, "products", **EVERYTHING)
    assert run.tap.failed_streams == ["products"]
    (line,) = errors(caplog)
    expected = f"products: the PIM answers 422: {message} (check the setting {MESSAGES[message]})"
    assert line.startswith(f"{expected} [GET /api/rest/v1/products-uuid?")
    assert len(line) < len(expected) + 130
    assert is_explained(line)


def test_a_setting_that_is_not_set_is_not_named(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    for message in MESSAGES:
        pim.faults.clear()
        refuse(pim, message)
        sync(pim, "products", with_completenesses=False, with_quality_scores=False)
    lines = errors(caplog)
    assert len(lines) == len(MESSAGES)
    assert not [line for line in lines if "setting" in line]


def test_a_url_that_is_too_long_names_the_longest_setting(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    page = "<h1>Request-URI Too Long</h1>"
    pim.faults.add("status", "/products-uuid", status=414, body=page, times=None)
    sync(pim, "products", **{**EVERYTHING, "locales": [f"x{number}_US" for number in range(99)]})
    (line,) = errors(caplog)
    assert "too long for the web server: shorten the setting locales) [GET" in line


@pytest.mark.parametrize("on_forbidden", ["fail", "skip"])
@pytest.mark.parametrize("stream", ["attribute_options", "family_variants"])
def test_a_missing_permission_is_asked_for_and_reported_once_for_all_parents(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, stream: str, on_forbidden: str
) -> None:
    pim = start_pim()
    pim.permissions.discard(f"pim_api_{stream.removesuffix('s')}_list")
    run = sync(pim, stream, "locales", on_forbidden=on_forbidden)
    assert caplog.text.count(f"tick “List {stream.replace('_', ' ')}”)") == 1
    assert [request.status for request in pim.requests].count(403) == 1
    assert run.records("locales")
    summary = (
        f"incomplete streams: {stream}"
        if on_forbidden == "fail"
        else f"skipped streams: {stream}; incomplete streams: none"
    )
    assert str(run.tap.summary()).endswith(summary)


@pytest.mark.parametrize("on_forbidden", ["fail", "skip"])
@pytest.mark.parametrize("profile", ["ce-5", "ce-7", "ee-7", "saas"])
def test_missing_access_to_the_api_is_reported_once_for_all_streams(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, profile: str, on_forbidden: str
) -> None:
    pim = start_pim(profile)
    pim.permissions.discard("pim_api_overall_access")
    run = sync(pim, on_forbidden=on_forbidden)
    (line,) = [one.getMessage() for one in caplog.records if one.levelno >= 30]
    assert line.startswith("all streams: ")
    assert re.findall("tick (.*?)\\)", line) == ["“Overall Web API access”"]
    listed = str(run.tap.summary()).partition("streams: ")[2].partition(";")[0]
    assert listed.split(", ") == sorted(run.tap.streams.keys() - {"readings"})


def test_categories_without_permission_may_also_lack_access_to_the_api(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("ce-master")
    pim.permissions.discard("pim_api_category_list")
    sync(pim, "categories", "families")
    (line,) = errors(caplog)
    # The PIM's message is the same in both cases.
    assert line.startswith("categories: the PIM answers 403: You are not allowed to access the web")
    assert "tick “List categories” and “Overall Web API access”)" in line


def test_a_403_of_a_firewall_is_not_reported_as_a_missing_permission(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    page = "<html><title>Request blocked</title></html>"
    pim.faults.add("status", "/families", status=403, body=page, times=None)
    sync(pim, "families")
    (line,) = errors(caplog)
    reason = f"the PIM answers 403: a web page, “Request blocked” ({BEFORE_THE_PIM}) [GET"
    assert line.startswith(f"families: {reason}")


@pytest.mark.parametrize("on_forbidden", ["fail", "skip"])
@pytest.mark.parametrize(
    "body",
    [
        {"message": "Forbidden"},
        {"message": "You are not allowed to access the web API."},
        {"code": 1020, "message": "Access denied"},
        {"code": "403", "message": "Access denied"},
        {"code": 403, "message": ""},
        "<html><title>Request blocked</title></html>",
    ],
    ids=str,
)
def test_a_403_of_a_gateway_fails_its_stream_and_names_no_permission(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, body: object, on_forbidden: str
) -> None:
    pim = start_pim()
    pim.faults.add("status", "/families", status=403, body=body, times=None)
    run = sync(pim, "families", "locales", on_forbidden=on_forbidden)
    assert run.tap.failed_streams == ["families"]
    assert run.records("locales")
    (line,) = errors(caplog)
    assert BEFORE_THE_PIM in line
    assert "tick" not in line
    assert is_explained(line)


@pytest.mark.parametrize("body", [{"message": "User agent of client blocked"}, "<h1>No</h1>"])
def test_a_login_that_a_firewall_refuses_does_not_blame_the_credentials(
    start_pim: StartPim, body: object
) -> None:
    pim = start_pim()
    pim.faults.add("status", "/token", status=403, body=body, times=None)
    with pytest.raises(LoginRefused, match=f"login refused: {BEFORE_THE_PIM}") as raised:
        sync(pim)
    assert is_explained(str(raised.value))


ERROR_BODIES: dict[str, tuple[object, str]] = {
    "a list of errors": (
        {"message": "No.", "errors": [{"property": "a", "message": "Wrong."}, "Worse."]},
        "No. Wrong. Worse.",
    ),
    "an object of errors": (
        {"message": "No.", "errors": {"page": ["Too high.", "Odd."], "limit": "Too low."}},
        "No. page: Too high. page: Odd. limit: Too low.",
    ),
    "an error as errors": ({"errors": {"message": "No."}}, "No."),
    "a map that PHP made of a list": (
        {"message": "No.", "errors": {"0": {"message": "Wrong."}}},
        "No. 0: Wrong.",
    ),
    "a problem (RFC 9457)": ({"title": "No", "detail": "Too much."}, "No Too much."),
    "a title alone": ({"type": "about:blank", "title": "No"}, "No"),
    "OAuth 2 (RFC 6749)": ({"error": "no", "error_description": "Not you."}, "Not you."),
    "an error alone": ({"error": "no"}, "no"),
    "an error as an object": ({"error": {"code": 7, "message": "No."}}, "No."),
    "Amazon's gateway": ({"Message": "No."}, "No."),
}


@pytest.mark.parametrize(("body", "shown"), ERROR_BODIES.values(), ids=ERROR_BODIES.keys())
def test_the_message_of_an_error_body_in_another_form_is_shown(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, body: object, shown: str
) -> None:
    pim = start_pim()
    pim.faults.add("status", "/families", status=422, body=body, times=None)
    sync(pim, "families")
    (line,) = errors(caplog)
    assert line.startswith(f"families: the PIM answers 422: {shown} [GET")


def test_the_metrics_say_which_streams_were_not_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    pim.permissions.discard("pim_api_family_list")
    with caplog.at_level("INFO"):
        sync(pim, "families", "locales", on_forbidden="skip")
    timers = re.findall(
        r'"metric":"sync_duration".*?"stream":"(\w+)".*?"status":"(\w+)"', caplog.text
    )
    assert dict(timers) == {"families": "failed", "locales": "succeeded"}


@pytest.mark.parametrize("profile", ["ce-7", "librepim-8", "ee-7"])
def test_changes_of_linked_entities_are_refused_before_the_first_row(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, profile: str
) -> None:
    pim = start_pim(profile)
    run = sync(pim, "products", "product_models", "locales", updated_including_linked_entities=True)
    assert sorted(run.tap.failed_streams) == ["product_models", "products"]
    assert not run.records("products")
    assert run.records("locales")
    assert caplog.text.count("(check the setting updated_including_linked_entities)") == 2


@pytest.mark.parametrize(("profile", "is_filtered"), [("ce-7", False), ("saas", True)])
def test_a_filter_that_the_pim_ignores_causes_a_warning(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, profile: str, *, is_filtered: bool
) -> None:
    pim = start_pim(profile)
    enabled = {"currencies": {"enabled": [{"operator": "=", "value": True}]}}
    run = sync(pim, "currencies", filters=enabled)
    assert (len(run.records("currencies")) < len(pim.truth("currencies"))) is is_filtered
    warning = "filters: only SaaS filters currencies, so all of them are read"
    assert (warning in caplog.text) is not is_filtered


def test_a_line_has_the_name_of_its_stream_once(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    page = {"_embedded": {"items": []}, "_links": {"next": {"href": "http://pim/?page=1"}}}
    pim.faults.add("status", "/families", status=200, body=page, times=None)
    sync(pim, "families")
    (line,) = errors(caplog)
    assert line.startswith("families: ")
    assert line.count("families:") == 1


@pytest.mark.parametrize("nth", [2, 3, 4, 5])
def test_a_refusal_during_the_search_for_a_broken_item_fails_the_list_and_skips_nothing(
    start_pim: StartPim, nth: int
) -> None:
    pim = start_pim(products=30)
    pim.broken.add(uuids(pim)[7])
    body = {"code": 403, "message": "Access forbidden. You are not allowed to list products."}
    pim.faults.add("status", "/products-uuid", nth=nth, times=None, status=403, body=body)
    settings: dict[str, Any] = {"pim_timezone": "UTC", "max_concurrency": 1, "max_retries": 0}
    run = sync(pim, "products", "families", on_forbidden="skip", **settings)
    assert run.tap.failed_streams == ["products"]
    assert not run.tap.skipped_streams
    assert len(run.records("families")) == len(pim.truth("families"))
    pim.faults.clear()
    again = sync(pim, "products", state=run.state, **settings)
    both = run.rows("products").keys() | again.rows("products").keys()
    assert len(both) == 29
