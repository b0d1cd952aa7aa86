{#
    A query of one table of the tap, with the same columns and types for every loader.

    A stream that the PIM does not have, or that is not selected, has no table; then the query has no
    rows. A column that is missing is null. Rows that the loader has marked as deleted are left out,
    unless `columns` has `deleted_at`.

    Args:
        table: Name of the stream.
        columns: A list of lists with the name of a column here, its kind (text, json, boolean,
            integer, timestamp) and, if it differs, its name in the table.
        latest_of: Names of the columns that are the key, if only the latest row of each shall
            come. Codes are the same in any letter case, so something that was created again
            may have two rows.
#}
{% macro stage(table, columns, latest_of=[]) %}
    {%- if latest_of -%}
    select {{ columns | map('first') | join(', ') }}
    from (
        select
            staged.*,
            row_number() over (
                partition by {% for column in latest_of %}lower({{ column }}){{ ', ' if not loop.last }}{% endfor %}
                order by {% if 'extracted_at' in columns | map('first') %}
                    case when extracted_at is null then 1 else 0 end, extracted_at desc,
                {% endif %}{{ latest_of | join(', ') }}
            ) as place_among_equals
        from (
            {{ akeneo.staged_rows(table, columns) }}
        ) as staged
    ) as ranked
    where place_among_equals = 1
    {%- else -%}
    {{ akeneo.staged_rows(table, columns) }}
    {%- endif -%}
{% endmacro %}

{% macro staged_rows(table, columns) %}
    {%- set source_table = source('akeneo', table) -%}
    {%- set relation = none -%}
    {%- set present = {} -%}
    {%- if execute and table not in var('akeneo_disabled_sources', []) -%}
        {%- set relation = adapter.get_relation(
            source_table.database, source_table.schema, source_table.identifier
        ) -%}
        {%- if relation is not none -%}
            {%- for column in adapter.get_columns_in_relation(relation) -%}
                {%- do present.update({column.name | lower: adapter.quote(column.name)}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    select
    {%- for column in columns %}
        {{ akeneo.staged_column(present.get(column[2] if column | length > 2 else column[0]), column[1]) }}
        as {{ column[0] }}
        {%- if not loop.last %},{% endif -%}
    {% endfor %}
    {%- if relation is none %}
    from (select 1 as nothing) as absent
    where 1 = 0
    {%- else %}
    from {{ relation }}
    {%- if '_sdc_deleted_at' in present and 'deleted_at' not in columns | map('first') %}
    where {{ present['_sdc_deleted_at'] }} is null
    {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro staged_column(column, kind) %}
    {%- set types = {
        'text': dbt.type_string(),
        'json': akeneo.type_json(),
        'boolean': dbt.type_boolean(),
        'integer': dbt.type_int(),
        'timestamp': dbt.type_timestamp(),
    } -%}
    {%- if column is none -%}
        cast(null as {{ types[kind] }})
    {%- elif kind == 'json' -%}
        {{ akeneo.as_json(column) }}
    {%- elif kind == 'timestamp' -%}
        {{ akeneo.safe_timestamp(column) }}
    {%- else -%}
        cast({{ column }} as {{ types[kind] }})
    {%- endif -%}
{% endmacro %}


{# Whether rows of deleted items stay in the tables without a mark. #}
{% macro loader_keeps_deleted() %}
    {{ return(var('akeneo_loader_keeps_deleted', false)) }}
{% endmacro %}


{#
    A query of the rows of a staging model with their columns and two more: `is_deleted`, and
    `missing_since`, the time when keys were read without the row's key.

    A row is deleted if the loader has marked it, or if its key is missing although the row was
    created well before the keys were read. docs/deletions.md explains it.

    Args:
        items: The staging model.
        keys: The staging model of the keys, with `read_at`.
        on: Names of the columns that are the key.
        created: SQL for the time when a row was created.
        margin: SQL for how many minutes before the keys were read a row must have been created.
        lists: Names of the columns that say in which list of the PIM a row is. A run may skip one.
#}
{% macro with_deleted(items, keys, on, created, margin, lists=[]) %}
    {%- set keeps = akeneo.loader_keeps_deleted() -%}
    with items as (
        select * from {{ items }}
    ),

    keys as (
        select * from {{ keys }}
    ),

    {# If the loader never removes keys, those that the last reading of their list did not find are missing. #}
    reading as (
        select
            {% for column in lists if keeps %}{{ column }}, {% endfor -%}
            {{ 'max' if keeps else 'min' }}(read_at) as read_at
        from keys
        {% if keeps and lists %}group by {{ lists | join(', ') }}{% endif %}
    )

    select
        items.*,
        {# Without keys, or without a date, the comparison is null, so the row does not count as deleted. #}
        coalesce(
            items.deleted_at is not null
            or (
                keys.read_at is null
                and {{ created }} < {{ dbt.dateadd('minute', '-1 * (' ~ margin ~ ')', 'reading.read_at') }}
            ),
            false
        ) as is_deleted,
        case when keys.read_at is null then reading.read_at end as missing_since
    from items
    left join reading
        on {% for column in lists if keeps %}reading.{{ column }} = items.{{ column }} and {% endfor %}true
    left join keys
        on {% for column in on %}keys.{{ column }} = items.{{ column }} and {% endfor -%}
        {{ 'keys.read_at = reading.read_at' if keeps else 'true' }}
{% endmacro %}
