{#
    A query of one table of the tap, with the same columns and types for every loader.

    A stream that the PIM does not have, or that is not selected, has no table; then the query has no
    rows. A column that is missing is null. Rows that the loader has marked as deleted are left out,
    unless `columns` has `deleted_at`, and so are rows of full tables that no longer exist in the PIM.

    Args:
        table: Name of the stream.
        columns: A list of lists with the name of a column here, its kind (text, json, boolean,
            integer, timestamp) and, if it differs, its name in the table.
        latest_of: Names of the columns that are the key, if only the latest row of each shall
            come. Codes are the same in any letter case, so something that was created again
            may have two rows.
#}
{% macro stage(table, columns, latest_of=[]) %}
    {%- if table in akeneo.full_tables() -%}
    {# Small, and other models look each of their rows up in it. #}
    {{ config(materialized='table') }}
    {%- endif -%}
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
    {%- set columns = columns | list -%}
    {%- for name in akeneo.pass_through_columns(table) -%}
        {%- do columns.append([name, 'as it is']) -%}
    {%- endfor -%}
    {%- set source_table = source('akeneo', table) -%}
    {%- set relation = none -%}
    {%- set present = {} -%}
    {%- if table in akeneo.full_tables() %}
    {#- dbt must see this before it knows the columns. -#}
    {%- set readings = ref('stg_akeneo__readings') -%}
    {%- endif -%}
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
    from (select * from {{ relation }}) as rows_of_table
    where true
    {%- if '_sdc_deleted_at' in present and 'deleted_at' not in columns | map('first') %}
        and {{ present['_sdc_deleted_at'] }} is null
    {%- endif %}
    {%- if 'read_at' in present and table in akeneo.full_tables() %}
        and {{ akeneo.still_exists(table, relation, present) }}
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
        cast(null as {{ types.get(kind, dbt.type_string()) }})
    {%- elif kind not in types -%}
        {{ column }}
    {%- elif kind == 'json' -%}
        {{ akeneo.as_json(column) }}
    {%- elif kind == 'timestamp' -%}
        {{ akeneo.safe_timestamp(column) }}
    {%- else -%}
        cast({{ column }} as {{ types[kind] }})
    {%- endif -%}
{% endmacro %}


{# Names of further columns of a table that the marts shall have, such as those of `value_columns`. #}
{% macro pass_through_columns(table) %}
    {{- return(var('akeneo_pass_through_columns', {}).get(table, [])) -}}
{% endmacro %}
