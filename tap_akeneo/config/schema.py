"""The list of the tap's settings: what they are called, what they mean, their defaults."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

URL_EXAMPLE = "https://my-company.cloud.akeneo.com"


def _switch(name: str, title: str, description: str, *, default: bool) -> th.Property[bool]:
    return th.Property(
        name, th.BooleanType, title=title, description=description, default=default, examples=[True]
    )


SETTINGS_SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "base_url",
        th.StringType,
        required=True,
        title="PIM URL",
        description=(
            "Address of your PIM as you open it in a browser. With or without `https://`, a slash "
            "or a path at its end; `http://` is used only when written out."
        ),
        examples=[URL_EXAMPLE],
    ),
    th.Property(
        "client_id",
        th.StringType,
        title="Client ID",
        description="Client ID of the connection, from Connect > Connection settings in the PIM.",
        examples=["4_5obnu7jwtxs8ssg0k0gco8ckck8ggk0wccc8sgwgk4g8ks8sko"],
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Secret",
        description="Secret of the connection, beside its client ID.",
        examples=["2sg3grn7kbwgk8csgws4k8kc8wk8gk8ckc8gg8c4o8osg4kkg4"],
    ),
    th.Property(
        "username",
        th.StringType,
        title="Username",
        description="Username of the connection, beside its client ID.",
        examples=["warehouse_0123"],
    ),
    th.Property(
        "password",
        th.StringType,
        secret=True,
        title="Password",
        description=(
            "Password of the connection. The PIM shows it once, when the connection is made or "
            "its password regenerated."
        ),
        examples=["4f1d2c6a9"],
    ),
    th.Property(
        "access_token",
        th.StringType,
        secret=True,
        title="App token",
        description=(
            "Permanent access token of an Akeneo App, instead of the four credentials of a "
            "connection. The streams of catalogs need it."
        ),
        examples=["Y2YyYjM1ZjMyMmZlZmE5Yzg0OTNiYjRjZTJlNjk0ZTUxYTE0NWI5Zm"],
    ),
    th.Property(
        "access_token_key",
        th.StringType,
        default="access_token",
        title="Access token key",
        description=(
            "Where the PIM's token answer holds the access token. Dots lead into objects: "
            "`data.access_token`."
        ),
        examples=["access_token"],
    ),
    th.Property(
        "refresh_token_key",
        th.StringType,
        default="refresh_token",
        title="Refresh token key",
        description="Where the PIM's token answer holds the refresh token, written likewise.",
        examples=["refresh_token"],
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Incremental streams skip what changed before this date. ISO 8601; UTC without an "
            "offset. Unset: the first run reads everything."
        ),
        examples=["2025-01-01T00:00:00Z"],
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description=(
            "Makes a bounded backfill: incremental streams read what changed until then, and the "
            "bookmark becomes this date. Products and product models end there; categories give "
            "later changes too, as the PIM cannot bound them."
        ),
        examples=["2025-02-01T00:00:00Z"],
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0, maximum=2_592_000),
        default=300,
        title="Lookback (seconds)",
        description=(
            "How far before the bookmark a run begins. The PIM's search shows changes late; what "
            "comes twice is merged by its key."
        ),
        examples=[300],
    ),
    th.Property(
        "pim_timezone",
        th.StringType,
        title="Time zone of the PIM's server",
        description=(
            "IANA name. Products are filtered in the server's wall time, which its API shows only "
            "by the offsets of dates. Unset: inferred from a product's date, with two hours added "
            "at both ends for daylight saving; UTC on SaaS."
        ),
        examples=["Europe/Paris"],
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=100),
        default=100,
        title="Page size",
        description="Items a request. Less where the PIM takes long for a page of heavy products.",
        examples=[50],
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=10),
        default=4,
        title="Requests at once",
        description=(
            "How many requests may be under way at once. The PIM allows 4 for each connection and "
            "10 in all; more than 4 makes it answer 429."
        ),
        examples=[4],
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        default=120,
        title="Request timeout (seconds)",
        description=(
            "How long the PIM may stay silent before a request is tried again. An answer may take "
            "five times that in all."
        ),
        examples=[120],
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=100),
        default=8,
        title="Retries",
        description=(
            "How often a request is sent again after 408, 429, 5xx or a broken connection. Waits "
            "double from half a second to a minute, or are what the PIM asks for: 8 last two "
            "minutes."
        ),
        examples=[8],
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="Shown in the logs of the PIM. Unset: `tap-akeneo/` and its version.",
        examples=["warehouse-sync (data@my-company.com)"],
    ),
    th.Property(
        "ca_bundle",
        th.StringType,
        title="Certificate authorities",
        description=(
            "Path of a PEM file of certificate authorities to trust, where the PIM's certificate "
            "is your company's own."
        ),
        examples=["/etc/ssl/certs/my-company.pem"],
    ),
    th.Property(
        "channel",
        th.StringType,
        title="Channel",
        description=(
            "Limits product values to those of one channel. The PIM then also leaves out all "
            "products which are not in the category tree of that channel."
        ),
        examples=["ecommerce"],
    ),
    th.Property(
        "locales",
        th.ArrayType(th.StringType(nullable=False)),
        title="Locales",
        description="Limits product values to these locales and those without a locale.",
        examples=[["en_US", "fr_FR"]],
    ),
    th.Property(
        "attributes",
        th.ArrayType(th.StringType(nullable=False)),
        title="Attributes",
        description="Limits product values to these attributes.",
        examples=[["name", "description", "price"]],
    ),
    th.Property(
        "filters",
        th.ObjectType(additional_properties=True),
        title="Filters",
        description=(
            "Stream name to the PIM's own `search` JSON (api.akeneo.com, filters); joined with "
            "the filter of the bookmark. A stream without a filter is read whole."
        ),
        examples=[{"products": {"enabled": [{"operator": "=", "value": True}]}}],
    ),
    th.Property(
        "on_forbidden",
        th.StringType(allowed_values=["fail", "skip"]),
        default="fail",
        title="When a permission is missing",
        description=(
            "`fail`: the other streams are read, then the run ends with 1. `skip`: a warning."
        ),
        examples=["skip"],
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Deletions",
        description=(
            "Streams that are read as a whole end with ACTIVATE_VERSION, so that targets delete, "
            "or mark, the rows that the PIM no longer has. Only for targets that know it: some "
            "others fail."
        ),
        examples=[True],
    ),
    _switch(
        "keep_values_as_sent",
        "Keep what databases refuse",
        "Keeps U+0000 in texts, and texts where the schema has a date, as the PIM sends them. Most "
        "databases refuse them, so U+0000 is removed and such a date becomes null, with a warning.",
        default=False,
    ),
    th.Property(
        "updated_including_linked_entities",
        th.BooleanType,
        default=False,
        title="Changes of linked assets and records",
        description=(
            "Products and product models also count as changed when an asset or record changed "
            "that they are linked to (SaaS, Enterprise; the PIM must have it switched on)."
        ),
        examples=[True],
    ),
    _switch(
        "with_completenesses",
        "Completenesses",
        "Products with their completeness for each channel and locale (6.0+).",
        default=True,
    ),
    _switch(
        "with_quality_scores",
        "Quality scores",
        "Products (5.0+) and product models (6.0+) with their data quality scores.",
        default=True,
    ),
    _switch(
        "with_attribute_options",
        "Labels of options in values",
        "Product values with the labels of their options in `linked_data` (5.0+). Off, as it can "
        "double a product's size; the stream attribute_options holds the same labels.",
        default=False,
    ),
    _switch(
        "with_table_select_options",
        "Options of table columns",
        "Attributes of the type table with the options of their select columns (7.0+).",
        default=True,
    ),
    _switch(
        "with_position",
        "Positions of categories",
        "Categories with their position in their tree (7.0+).",
        default=True,
    ),
    _switch(
        "with_enriched_attributes",
        "Values of categories",
        "Categories with the values of their own attributes (7.0+).",
        default=True,
    ),
    th.Property(
        "with_readiness",
        th.StringType(allowed_values=["scores_only", "detailed"]),
        title="Readiness",
        description="Products and product models with their readiness (SaaS).",
        examples=["scores_only"],
    ),
    _switch(
        "with_workflow_execution_statuses",
        "Workflow statuses",
        "Products and product models with the workflows they are in (SaaS).",
        default=False,
    ),
    _switch(
        "with_root_parent",
        "Root models",
        "Products with the code of their root product model (SaaS).",
        default=False,
    ),
    _switch(
        "with_enabled_assets_only",
        "Enabled assets only",
        "Product values without the assets that are disabled (SaaS).",
        default=False,
    ),
    _switch(
        "with_asset_share_links",
        "Share links in products",
        "Product values with the share links of their assets (SaaS).",
        default=False,
    ),
    _switch(
        "with_asset_auto_tags",
        "Tags of assets",
        "Assets with the tags that the PIM made for them (SaaS).",
        default=False,
    ),
).to_dict()
