"""Settings: accepted values, and the messages for invalid ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.config.environment import variable_name
from tap_akeneo.config.schema import SETTINGS_SCHEMA
from tap_akeneo.config.settings import CREDENTIALS, Settings, parse_base_url
from tap_akeneo.tap import TapAkeneo

SECRETS = {"client_secret": "s3cr3t-of-client", "password": "p4ssw0rd-of-user"}
GOOD: dict[str, Any] = {
    "base_url": "https://pim.example.com",
    "client_id": "1_abc",
    "username": "tap_0001",
    **SECRETS,
}


def read(**config: Any) -> Settings:
    return TapAkeneo(config={**GOOD, **config}, setup_mapper=False).settings


def faults(**config: Any) -> list[str]:
    with pytest.raises(ConfigValidationError) as caught:
        read(**config)
    assert not any(secret in fault for secret in SECRETS.values() for fault in caught.value.errors)
    return caught.value.errors


@pytest.mark.parametrize(
    ("pasted", "understood"),
    [
        ("https://pim.example.com", "https://pim.example.com"),
        ("pim.example.com", "https://pim.example.com"),
        ("pim.example.com/", "https://pim.example.com"),
        ("  https://pim.example.com/  ", "https://pim.example.com"),
        ("HTTPS://PIM.Example.COM", "https://pim.example.com"),
        ("https://pim.example.com/api/rest/v1", "https://pim.example.com"),
        ("https://pim.example.com/api/rest/v1/", "https://pim.example.com"),
        ("pim.example.com/api", "https://pim.example.com"),
        ("https://pim.example.com/#/dashboard", "https://pim.example.com"),
        ("https://pim.example.com/?x=1", "https://pim.example.com"),
        ("pim.example.com:8443", "https://pim.example.com:8443"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("localhost:8080", "https://localhost:8080"),
        ("https:/pim.example.com", "https://pim.example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://example.com/pim/api/rest/v1", "https://example.com/pim"),
        ("https://bücher.example", "https://bücher.example"),
        ("https://pim.example.com/user/login", "https://pim.example.com"),
        ("https://pim.example.com/User/Login/", "https://pim.example.com"),
        ("https://pim.example.com/user/reset-request?x=1#y", "https://pim.example.com"),
        ("https://pim.example.com/connect/connection-settings", "https://pim.example.com"),
        ("https://pim.example.com/connect/apps/v1/authorize?a=b", "https://pim.example.com"),
        ("https://pim.example.com/index.php", "https://pim.example.com"),
        ("https://pim.example.com/index.php/user/login", "https://pim.example.com"),
        ("https://pim.example.com/app_dev.php/#/dashboard", "https://pim.example.com"),
        ("https://pim.example.com/login?x=1", "https://pim.example.com"),
        ("https://pim.example.com/enrich/product/", "https://pim.example.com"),
        ("https://example.com/pim/user/login", "https://example.com/pim"),
        ("https://example.com/users", "https://example.com/users"),
        ("example.com/apim/", "https://example.com/apim"),
        ('"https://pim.example.com/"', "https://pim.example.com"),
        ("<https://pim.example.com>", "https://pim.example.com"),
    ],
)
def test_common_ways_to_write_the_base_url_are_accepted(pasted: str, understood: str) -> None:
    assert read(base_url=pasted).base_url == understood


@pytest.mark.parametrize(
    "pasted",
    [
        "my pim",
        "ftp://pim.example.com",
        "https://",
        "http://:80",
        "pim.example.com:port",
        "-",
        "a..b",
    ],
)
def test_an_invalid_base_url_is_rejected_with_an_example(pasted: str) -> None:
    assert faults(base_url=pasted) == [
        "`base_url`: is not the URL of a PIM, such as https://my-company.cloud.akeneo.com"
    ]


def test_a_base_url_with_a_password_is_rejected_without_showing_it() -> None:
    (fault,) = faults(base_url="https://me:p4ssw0rd-of-user@pim.example.com")
    assert "must not contain a user name or password" in fault


@given(st.text())
@example("https://[")
@example("https://pim.example.com:99999999")
def test_any_text_is_parsed_as_a_base_url_or_rejected_but_never_crashes(text: str) -> None:
    try:
        url = parse_base_url(text)
    except ValueError:
        return
    assert url.startswith(("https://", "http://"))
    assert parse_base_url(url) == url


def test_all_missing_settings_are_reported_at_once_with_their_environment_variables() -> None:
    with pytest.raises(ConfigValidationError) as caught:
        TapAkeneo(config={}, setup_mapper=False)
    assert caught.value.errors == [
        *(
            f"`{name}` is missing ({SETTINGS_SCHEMA['properties'][name]['title']}; "
            f"also as TAP_AKENEO_{name.upper()} in the environment)"
            for name in ("base_url", *CREDENTIALS)
        ),
        "or, for an Akeneo App, set `access_token` instead of these four",
    ]


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "a token over two lines": ({"access_token": "abc\ndef", "client_id": None}, "`access_token`"),
    "a user agent with an arrow": (
        {"user_agent": "→"},
        "must be one line of plain ASCII",
    ),
    "a date before all PIMs": ({"start_date": "0001-01-01"}, "must be between the years 1970"),
    "a date after all PIMs": ({"end_date": "9999-12-31T23:59:59Z"}, "must be between the years"),
    "an endless lookback": ({"lookback_seconds": 10**15}, "`lookback_seconds` must be at least 0"),
    "an endless timeout": ({"request_timeout": 10**10}, "`request_timeout` must be at least 1"),
    "a number as a password": ({"password": 12345678}, "`password` must be text"),
    "a list as filters": ({"filters": []}, "`filters` must be an object"),
    "a word as stream maps": ({"stream_maps": "x"}, "`stream_maps` must be an object"),
    "an unknown choice": ({"on_forbidden": "ignore"}, "must be one of fail, skip"),
    "a folder of batches": ({"batch_config": 5}, "`batch_config` must be an object"),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_setting_is_named(name: str) -> None:
    config, named = INVALID[name]
    assert any(named in fault for fault in faults(**config))


def test_an_app_needs_only_its_token() -> None:
    app = dict.fromkeys(CREDENTIALS)
    assert read(**app, access_token="t0ken-of-app").app_token == "t0ken-of-app"
    (fault,) = faults(access_token="t0ken-of-app")
    assert "excludes the credentials of a connection" in fault
    assert "t0ken" not in fault


def test_an_empty_credential_counts_as_missing() -> None:
    assert "`password` is missing" in faults(password="")[0]


def test_invalid_settings_of_all_kinds_are_reported_together() -> None:
    assert len(faults(page_size=0, start_date="yesterday", pim_timezone="Mars", filters=[])) == 4


def test_a_secret_of_the_wrong_type_is_not_shown() -> None:
    (fault,) = faults(client_secret=["s3cr3t-of-client"])
    assert fault.startswith("`client_secret` must be text")


@pytest.mark.parametrize("page_size", [0, 101, -1])
def test_the_page_size_is_limited_to_100(page_size: int) -> None:
    assert faults(page_size=page_size)[0].startswith(
        "`page_size` must be at least 1 and at most 100"
    )


@pytest.mark.parametrize("date", ["2024-13-01", "01/02/2024", "last week"])
@pytest.mark.parametrize("setting", ["start_date", "end_date"])
def test_an_invalid_date_is_rejected_with_examples(setting: str, date: str) -> None:
    assert faults(**{setting: date}) == [
        f"`{setting}`: {date!r} is not a date such as 2025-01-31 or 2025-01-31T12:00:00Z"
    ]


def test_a_date_without_an_offset_is_in_utc() -> None:
    end = read(end_date="2025-01-31").end_date
    assert end is not None
    assert end.isoformat() == "2025-01-31T00:00:00+00:00"


def test_a_backfill_must_end_after_its_start() -> None:
    assert faults(start_date="2025-02-01", end_date="2025-01-01") == [
        "`end_date` must be later than `start_date`"
    ]


def test_a_time_zone_must_be_an_iana_name() -> None:
    assert read(pim_timezone="Europe/Paris").pim_timezone == ZoneInfo("Europe/Paris")
    assert "such as Europe/Paris" in faults(pim_timezone="CEST+2")[0]


def test_a_certificate_file_must_exist() -> None:
    assert faults(ca_bundle="/no/such.pem") == ["`ca_bundle`: there is no file /no/such.pem"]


def test_whitespace_around_credentials_is_removed_except_for_the_password() -> None:
    credentials = read(client_id=" 1_abc\n", password=" p ").credentials
    assert (credentials.client_id, credentials.password) == ("1_abc", " p ")


def test_a_filter_on_updated_is_rejected_for_incremental_streams() -> None:
    (fault,) = faults(filters={"products": {"updated": [{"operator": ">", "value": "2024-01-01"}]}})
    assert "its bookmark uses that filter: set start_date and end_date" in fault


def test_a_filter_on_the_types_of_linked_entities_is_rejected_because_a_setting_sets_it() -> None:
    condition = {"operator": "IN", "value": ["asset"]}
    (fault,) = faults(filters={"products": {"updated_including_linked_type": [condition]}})
    assert "set updated_including_linked_type instead" in fault


def test_types_of_linked_entities_need_the_filter_that_they_restrict() -> None:
    types = {"updated_including_linked_type": ["asset"]}
    assert faults(**types) == [
        "`updated_including_linked_type` needs `updated_including_linked_entities: true`"
    ]
    assert read(**types, updated_including_linked_entities=True).linked_types == ("asset",)
    (fault,) = faults(updated_including_linked_type=["assets"])
    known = "must be one of asset, reference_entity_record, such as"
    assert fault.startswith(f"`updated_including_linked_type` {known}")


def test_converted_measurements_need_a_channel() -> None:
    (fault,) = faults(convert_measurements=True)
    assert fault.startswith("`convert_measurements` needs `channel`")
    assert (
        read(convert_measurements=True, channel="shop").switches["convert_measurements"] == "true"
    )


def test_a_filter_on_updated_is_accepted_for_full_table_streams() -> None:
    filters = {"families": {"updated": [{"operator": ">", "value": "2024-01-01T00:00:00Z"}]}}
    assert read(filters=filters).filters == filters


def test_a_filter_within_logical_operators_may_not_be_that_of_the_bookmark_either() -> None:
    updated = {"updated": {"operator": ">", "value": "2024-01-01T00:00:00Z"}}
    for search in ({"and": [updated]}, {"or": [{"and": [updated]}]}):
        (fault,) = faults(filters={"assets": search})
        assert "`filters`: assets must not be filtered by `updated`" in fault


def test_a_condition_may_be_an_object() -> None:
    complete = {"operator": "=", "value": True, "channel": "print", "locales": ["en_US"]}
    filters = {"reference_entity_records": {"complete": complete}}
    assert read(filters=filters).filters == filters


def test_a_filter_for_an_unknown_or_unfilterable_stream_is_rejected() -> None:
    assert "there is no stream 'product'" in faults(filters={"product": {}})[0]
    assert "the PIM cannot filter channels" in faults(filters={"channels": {}})[0]
    assert "needs the PIM's search JSON" in faults(filters={"products": {"enabled": True}})[0]


def test_options_that_are_on_by_default_can_be_turned_off() -> None:
    assert "with_position" in read().switches
    assert "with_position" not in read(with_position=False).switches
    assert "with_attribute_options" not in read().switches


def test_a_setting_that_is_null_or_blank_has_its_default() -> None:
    with_defaults = [
        name
        for name, schema in SETTINGS_SCHEMA["properties"].items()
        if schema.get("default") is not None and "enum" not in schema
    ]
    assert read(**dict.fromkeys(with_defaults)) == read()
    assert read(access_token_key=" ", refresh_token_key="") == read()


def test_an_invalid_number_in_the_environment_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_AKENEO_PAGE_SIZE", "many")
    with pytest.raises(ConfigValidationError, match=r"^TAP_AKENEO_PAGE_SIZE in .*'many'"):
        TapAkeneo(config=dict(GOOD), parse_env_config=True)


def test_each_setting_has_a_description() -> None:
    for name, schema in SETTINGS_SCHEMA["properties"].items():
        if "title" in schema or name in TapAkeneo.config_jsonschema["properties"]:
            assert schema["description"].strip(), name


def test_the_example_of_an_environment_file_names_all_settings_and_has_no_values() -> None:
    lines = Path(__file__).parents[2].joinpath(".env.example").read_text().splitlines()
    variables = [line for line in lines if not line.startswith("#")]
    # The SDK adds settings without examples.
    own = [name for name, one in SETTINGS_SCHEMA["properties"].items() if "examples" in one]
    assert variables == [f"{variable_name(name)}=" for name in own]


def test_secrets_are_not_shown_in_a_repr() -> None:
    assert not any(secret in repr(read()) for secret in SECRETS.values())
