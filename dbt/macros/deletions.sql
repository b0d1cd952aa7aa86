{#
    Queries that find what was deleted in the PIM. docs/deletions.md explains the rule.
#}


{#
    The readings that prove which rows exist: the columns `parent` and `read_at`, one row for the whole
    stream (`*`) and one for each of its lists, as far as there are any.

    A reading counts only if all of its rows are in the table. The tap writes that it was complete, but
    the loader may have failed before the last rows.

    Args:
        stream: Name of the stream: a full table, or a table of keys.
        rows: The table.
        on: SQL for each column of the key.
        list: SQL for the column with the parent of a row; none if the stream has one list.
        read_at: SQL for the time of the reading.
#}
{% macro proven_readings(stream, rows, on, list=none, read_at='read_at') %}
    {%- set read_at = 'cast(' ~ read_at ~ ' as ' ~ dbt.type_timestamp() ~ ')' -%}
    {%- set key -%}
        {% for column in on %}cast({{ column }} as {{ dbt.type_string() }}){% if not loop.last %} || '/' || {% endif %}{% endfor %}
    {%- endset -%}
    select readings.parent, max(readings.read_at) as read_at
    {# With --empty, dbt gives a relation an alias of its own. #}
    from (select * from {{ ref('stg_akeneo__readings') }}) as readings
    left join (
        select '*' as parent, {{ read_at }} as read_at, count(distinct {{ key }}) as row_count
        from (select * from {{ rows }}) as loaded
        group by 2
        {%- if list is not none %}
        union all
        select {{ list }} as parent, {{ read_at }} as read_at, count(distinct {{ key }}) as row_count
        from (select * from {{ rows }}) as loaded
        group by 1, 2
        {%- endif %}
    ) as loaded
        on loaded.parent = readings.parent and loaded.read_at = readings.read_at
    where readings.stream = '{{ stream }}'
        and readings.is_full
        and readings.row_count = coalesce(loaded.row_count, 0)
    group by readings.parent
{% endmacro %}


{# The keys of full tables by stream, and the column with the parent if there is a list for each parent. #}
{% macro full_tables() %}
    {{ return({
        'families': (['code'], none),
        'family_variants': (['family', 'code'], 'family'),
        'attributes': (['code'], none),
        'attribute_groups': (['code'], none),
        'attribute_options': (['attribute', 'code'], 'attribute'),
        'channels': (['code'], none),
        'association_types': (['code'], none),
        'asset_families': (['code'], none),
        'asset_attributes': (['asset_family', 'code'], 'asset_family'),
        'reference_entities': (['code'], none),
        'reference_entity_attributes': (['reference_entity', 'code'], 'reference_entity'),
        'workflows': (['uuid'], none),
        'workflow_steps': (['uuid'], none),
        'workflow_tasks': (['uuid'], none),
    }) }}
{% endmacro %}


{#
    A condition for the rows of a full table that exist in the PIM: no later reading has proved that they
    do not.

    Args:
        stream: Name of the stream.
        relation: The loader's table, which is named `rows_of_table` in the query.
        present: Its columns, quoted, by name in lower case.
#}
{% macro still_exists(stream, relation, present) %}
    {%- set on, list = akeneo.full_tables()[stream] -%}
    {%- set quoted = [] -%}
    {%- for column in on %}{% do quoted.append(present[column]) %}{% endfor -%}
    not exists (
        select 1
        from (
            {{ akeneo.proven_readings(stream, relation, quoted, present.get(list), present['read_at']) }}
        ) as proven
        where proven.read_at > cast(rows_of_table.{{ present['read_at'] }} as {{ dbt.type_timestamp() }})
            and proven.parent in ('*'{% if list is not none %}, rows_of_table.{{ present[list] }}{% endif %})
    )
{% endmacro %}


{#
    A query of the rows of a staging model with their columns and two more: `is_deleted`, and
    `missing_since`, the time when keys were read without the row's key.

    A row is deleted if the loader has marked it, or if its key is missing although the row was last
    changed well before the keys were read. A row that changed since then exists, whenever it was created:
    before PIM 7.0 products can get another identifier, and a change may let a connection view an old item.

    Args:
        items: The staging model.
        keys: The staging model of the keys, with `read_at`.
        stream: Name of the stream of keys.
        on: Names of the columns that are the key.
        margin: SQL for how many minutes before the keys were read a row must have changed last.
        list: Name of the column that says in which list of the PIM a row is; none if there is one.
#}
{% macro with_deleted(items, keys, stream, on, margin, list=none) %}
    {%- set keys_read_at -%}
        {%- if list is none -%}
        whole.read_at
        {%- else -%}
        (case when own.read_at > whole.read_at then own.read_at else coalesce(whole.read_at, own.read_at) end)
        {%- endif -%}
    {%- endset -%}
    with items as (
        select * from {{ items }}
    ),

    keys as (
        select
            {% for column in on %}{{ column }}, {% endfor -%}
            max(read_at) as read_at
        from {{ keys }}
        group by {{ on | join(', ') }}
    ),

    reading as (
        {{ akeneo.proven_readings(stream, keys, on, list) }}
    ),

    whole as (
        select read_at from reading where parent = '*'
    )

    select
        items.*,
        {# Without a reading, or without a date, the comparison is null, so the row does not count as deleted. #}
        coalesce(
            items.deleted_at is not null
            or (
                coalesce(keys.read_at < {{ keys_read_at }}, true)
                and items.updated_at < {{ dbt.dateadd('minute', '-1 * (' ~ margin ~ ')', keys_read_at) }}
            ),
            false
        ) as is_deleted,
        case when coalesce(keys.read_at < {{ keys_read_at }}, true) then {{ keys_read_at }} end as missing_since
    from items
    left join whole on true
    {%- if list is not none %}
    left join reading as own on own.parent = items.{{ list }}
    {%- endif %}
    left join keys
        on {% for column in on %}keys.{{ column }} = items.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
{% endmacro %}
