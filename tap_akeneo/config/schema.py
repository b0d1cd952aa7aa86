"""The names, descriptions and defaults of the tap's settings."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

URL_EXAMPLE = "https://my-company.cloud.akeneo.com"

SWITCHES = ("with_", "convert_")
"""Prefixes of the settings that say what items contain. Most are query parameters of the PIM."""


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
            "Address of your PIM, as in the browser. `https://`, a trailing slash and a path are "
            "optional. `http://` is used only if you write it."
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
        description="Secret of the same connection.",
        examples=["2sg3grn7kbwgk8csgws4k8kc8wk8gk8ckc8gg8c4o8osg4kkg4"],
    ),
    th.Property(
        "username",
        th.StringType,
        title="Username",
        description="Username of the same connection.",
        examples=["warehouse_0123"],
    ),
    th.Property(
        "password",
        th.StringType,
        secret=True,
        title="Password",
        description=(
            "Password of the same connection. The PIM shows it once, when you create the "
            "connection or regenerate the password."
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
            "JSON path of the access token in the token response, for proxies that change the "
            "response. Dots separate nested keys, such as `data.access_token`."
        ),
        examples=["access_token"],
    ),
    th.Property(
        "refresh_token_key",
        th.StringType,
        default="refresh_token",
        title="Refresh token key",
        description="JSON path of the refresh token in the token response.",
        examples=["refresh_token"],
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Earliest change that incremental streams read. ISO 8601; UTC if it has no offset. If "
            "unset, the first run reads everything."
        ),
        examples=["2025-01-01T00:00:00Z"],
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description=(
            "Latest change that incremental streams read, for a bounded backfill. The bookmark "
            "becomes this date. Streams that the PIM cannot filter by an end, such as categories, "
            "include later changes."
        ),
        examples=["2025-02-01T00:00:00Z"],
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0, maximum=2_592_000),
        default=300,
        title="Lookback (seconds)",
        description=(
            "Each run starts this long before the bookmark, because the PIM's search index shows "
            "changes late. Use a target that upserts, so that repeated rows do no harm."
        ),
        examples=[300],
    ),
    th.Property(
        "refresh_within_days",
        th.IntegerType(minimum=1, maximum=3650),
        title="Refresh within (days)",
        description=(
            "Each run also reads a part of the incremental streams again, so that each row is read "
            "again within this number of days, whether its date has moved or not. See "
            "docs/freshness.md."
        ),
        examples=[7],
    ),
    th.Property(
        "pim_timezone",
        th.StringType,
        title="Time zone of the PIM's server",
        description=(
            "IANA time zone of the PIM server, which product filters by date depend on. If unset, "
            "it is inferred from a product's date, and two hours more are read at both ends in "
            "case of daylight saving time. SaaS uses UTC."
        ),
        examples=["Europe/Paris"],
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=100),
        default=100,
        title="Page size",
        description="Items per request. Lower it if large products make pages slow.",
        examples=[50],
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=10),
        default=4,
        title="Requests at once",
        description=(
            "Number of parallel requests. The PIM allows 4 per connection and 10 in total, and "
            "answers 429 above that."
        ),
        examples=[4],
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        default=120,
        title="Request timeout (seconds)",
        description=(
            "Seconds without any data from the PIM after which a request is retried. A whole "
            "response may take five times as long."
        ),
        examples=[120],
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=100),
        default=8,
        title="Retries",
        description=(
            "Retries of a request after 408, 429, 5xx or a connection error. Waits double from 0.5 "
            "s to 60 s, or follow the server's Retry-After. 8 retries take about two minutes."
        ),
        examples=[8],
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description=(
            "User-Agent header, which the PIM's logs show. If unset: `tap-akeneo/` and the version."
        ),
        examples=["warehouse-sync (data@my-company.com)"],
    ),
    th.Property(
        "ca_bundle",
        th.StringType,
        title="Certificate authorities",
        description=(
            "Path of a PEM file with the certificate authorities to trust, if the PIM's "
            "certificate comes from your company's own authority."
        ),
        examples=["/etc/ssl/certs/my-company.pem"],
    ),
    th.Property(
        "channel",
        th.StringType,
        title="Channel",
        description=(
            "Read only values of this channel, in products, assets and records. The PIM then also "
            "omits products outside the category tree of the channel."
        ),
        examples=["ecommerce"],
    ),
    th.Property(
        "locales",
        th.ArrayType(th.StringType(nullable=False)),
        title="Locales",
        description="Read only values of these locales, and values without a locale.",
        examples=[["en_US", "fr_FR"]],
    ),
    th.Property(
        "attributes",
        th.ArrayType(th.StringType(nullable=False)),
        title="Attributes",
        description="Read only product values of these attributes.",
        examples=[["name", "description", "price"]],
    ),
    th.Property(
        "value_columns",
        th.ArrayType(th.StringType(nullable=False)),
        title="Values as columns",
        description=(
            "Attributes whose values `products`, `product_models` and `published_products` also "
            "have as columns, one for each channel, locale and currency. `*` stands for any "
            "text. See docs/values.md."
        ),
        examples=[["name", "price", "*_date"]],
    ),
    th.Property(
        "filters",
        th.ObjectType(additional_properties=True),
        title="Filters",
        description=(
            "The PIM's `search` JSON by stream name (see Filters on api.akeneo.com), combined with "
            "the date filter of the bookmark. Records and assets also take objects, and assets "
            "`and` and `or` (SaaS)."
        ),
        examples=[{"products": {"enabled": [{"operator": "=", "value": True}]}}],
    ),
    th.Property(
        "on_forbidden",
        th.StringType(allowed_values=["fail", "skip"]),
        default="fail",
        title="When a permission is missing",
        description=(
            "If a permission is missing: `fail` reads the other streams and then exits with 1, "
            "`skip` logs a warning."
        ),
        examples=["skip"],
    ),
    th.Property(
        "on_broken_items",
        th.StringType(allowed_values=["fail", "warn"]),
        default="fail",
        title="When the PIM cannot send items",
        description=(
            "If the PIM answers 500 for single items: `fail` reads all others and then exits with "
            "1, `warn` only logs a warning. No deletions are found in such a list."
        ),
        examples=["warn"],
    ),
    th.Property(
        "on_changed_settings",
        th.StringType(allowed_values=["reread", "warn"]),
        default="reread",
        title="When settings have changed",
        description=(
            "If a setting, the catalog or the PIM changed what the rows of an incremental stream "
            "look like: `reread` reads all its rows once, `warn` only logs a warning."
        ),
        examples=["warn"],
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Deletions",
        description=(
            "Full-table streams end with ACTIVATE_VERSION, so that the target deletes or marks "
            "rows that no longer exist in the PIM. Requires a target that supports it."
        ),
        examples=[True],
    ),
    _switch(
        "keep_values_as_sent",
        "Keep what databases refuse",
        "Keep U+0000 in texts, and date properties as the PIM sends them. By default U+0000 is "
        "removed and a text that is no date becomes null, with a warning, because most databases "
        "refuse them; and dates are in UTC, because some targets drop the offset.",
        default=False,
    ),
    th.Property(
        "updated_including_linked_entities",
        th.BooleanType,
        default=False,
        title="Changes of linked assets and records",
        description=(
            "Also read products and product models whose linked assets or records changed (SaaS "
            "and Enterprise; must be enabled in the PIM)."
        ),
        examples=[True],
    ),
    th.Property(
        "updated_including_linked_type",
        th.ArrayType(
            th.StringType(nullable=False, allowed_values=["asset", "reference_entity_record"])
        ),
        title="Types of linked entities",
        description=(
            "Restrict `updated_including_linked_entities` to changes of assets (`asset`) or of "
            "records (`reference_entity_record`). If unset, both count."
        ),
        examples=[["asset"]],
    ),
    _switch(
        "with_completenesses",
        "Completenesses",
        "Include the completeness of products for each channel and locale (6.0+).",
        default=True,
    ),
    _switch(
        "with_quality_scores",
        "Quality scores",
        "Include data quality scores of products (5.0+) and product models (7.0+).",
        default=True,
    ),
    _switch(
        "with_attribute_options",
        "Labels of options in values",
        "Include the labels of options in product values, as `linked_data` (5.0+). This can double "
        "the size of products; the stream `attribute_options` has the same labels.",
        default=False,
    ),
    _switch(
        "with_table_select_options",
        "Options of table columns",
        "Include the options of select columns in attributes of the type table (7.0+).",
        default=True,
    ),
    _switch(
        "with_position",
        "Positions of categories",
        "Include the position of categories in their tree (7.0+).",
        default=True,
    ),
    _switch(
        "with_enriched_attributes",
        "Values of categories",
        "Include the values of the categories' own attributes (SaaS, and PIMs after 7.0).",
        default=True,
    ),
    th.Property(
        "with_readiness",
        th.StringType(allowed_values=["scores_only", "detailed"]),
        title="Readiness",
        description="Include the readiness of products and product models (SaaS).",
        examples=["scores_only"],
    ),
    _switch(
        "with_workflow_execution_statuses",
        "Workflow statuses",
        "Include the workflows of products and product models (SaaS).",
        default=False,
    ),
    _switch(
        "with_root_parent",
        "Root models",
        "Include the code of the root product model in products (SaaS).",
        default=False,
    ),
    _switch(
        "with_enabled_assets_only",
        "Enabled assets only",
        "Leave disabled assets out of product values (SaaS).",
        default=False,
    ),
    _switch(
        "with_asset_share_links",
        "Share links in products",
        "Include the share links of assets in product values (SaaS).",
        default=False,
    ),
    _switch(
        "convert_measurements",
        "Converted measurements",
        "Convert measurements in product values to the units of the channel; needs `channel` "
        "(SaaS). If an attribute has no locales but the channel has rules for some, the PIM adds "
        "one value for each of these locales beside the stored value.",
        default=False,
    ),
    _switch(
        "with_proposal_review_status",
        "Review status of drafts",
        "Include the review status of each change in drafts of products and product models (SaaS).",
        default=True,
    ),
    _switch(
        "with_asset_auto_tags",
        "Tags of assets",
        "Include the tags that the PIM generated for assets (SaaS).",
        default=False,
    ),
    _switch(
        "with_personal_data",
        "Personal data",
        "Also read who works in the PIM: the stream `workflow_step_assignees`, with names and "
        "e-mail addresses, the permissions of these users, and `author` in "
        "`modelization_suggestions` (SaaS).",
        default=False,
    ),
).to_dict()

QUERY_SWITCHES = tuple(
    name
    for name in SETTINGS_SCHEMA["properties"]
    if name.startswith(SWITCHES) and name != "with_personal_data"
)
"""The settings of that kind that are query parameters."""

COMPRESSIONS: dict[str, tuple[str, ...]] = {
    "jsonl": ("gzip", "zstd", "none"),
    "parquet": ("zstd", "gzip", "none"),
    "arrow": ("none", "zstd"),
}
"""The formats of batch files, and how each can be compressed. The first is the default."""

BATCH_CONFIG: dict[str, Any] = th.PropertiesList(
    th.Property(
        "batch_config",
        th.ObjectType(
            th.Property(
                "encoding",
                th.ObjectType(
                    th.Property(
                        "format",
                        th.StringType,
                        allowed_values=[*COMPRESSIONS],
                        title="Format",
                        description="Format of the files.",
                    ),
                    th.Property(
                        "compression",
                        th.StringType,
                        allowed_values=["gzip", "zstd", "none"],
                        title="Compression",
                        description=(
                            "Compression of the files. By default `gzip` for jsonl, `zstd` for "
                            "parquet, and `none` for arrow."
                        ),
                    ),
                ),
                title="Encoding",
                description="Format and compression of the files.",
            ),
            th.Property(
                "storage",
                th.ObjectType(
                    th.Property(
                        "root",
                        th.StringType,
                        title="Root",
                        description="Folder or bucket, as a URL.",
                    ),
                    th.Property(
                        "prefix",
                        th.StringType,
                        title="Prefix",
                        description="Text before the names of files.",
                    ),
                    th.Property(
                        "params",
                        th.ObjectType(),
                        title="Parameters",
                        description="Parameters of the file system, for `fsspec`.",
                    ),
                ),
                title="Storage",
                description="Where to write the files.",
            ),
            th.Property(
                "batch_size",
                th.IntegerType(minimum=1),
                title="Batch size",
                description="Maximum number of records in a file, by default 10,000.",
            ),
        ),
        title="Batch Configuration",
        description="Writes records to files, for loaders that support batch files.",
    ),
).to_dict()
"""The SDK's own setting, with all formats that the tap can write."""
