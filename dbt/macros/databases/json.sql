{#
    SQL that differs between databases. DuckDB and PostgreSQL are tested. The variants for Snowflake,
    BigQuery and Redshift follow their manuals and have not been tried.

    JSON null counts as SQL null in the columns of staging models.
#}


{% macro type_json() %}{{ return(adapter.dispatch('type_json', 'akeneo')()) }}{% endmacro %}

{% macro default__type_json() %}json{% endmacro %}
{% macro postgres__type_json() %}jsonb{% endmacro %}
{% macro redshift__type_json() %}super{% endmacro %}
{% macro snowflake__type_json() %}variant{% endmacro %}


{# A column of the loader as JSON: an object, or a list. #}
{% macro as_json(column) %}{{ return(adapter.dispatch('as_json', 'akeneo')(column)) }}{% endmacro %}

{% macro default__as_json(column) %}
    {{ exceptions.raise_compiler_error("the package akeneo does not support " ~ target.type) }}
{% endmacro %}
{% macro duckdb__as_json(column) %}
    {#- A comparison of texts, because `json_type` would parse the whole value for each reader. #}
    case when cast({{ column }} as varchar) <> 'null' then cast({{ column }} as json) end
{%- endmacro %}
{% macro postgres__as_json(column) %}nullif(to_jsonb({{ column }}), 'null'::jsonb){% endmacro %}
{% macro redshift__as_json(column) %}{{ column }}{% endmacro %}
{% macro snowflake__as_json(column) %}nullif(to_variant({{ column }}), parse_json('null')){% endmacro %}
{% macro bigquery__as_json(column) %}
    case when json_type(to_json({{ column }})) <> 'null' then to_json({{ column }}) end
{%- endmacro %}


{# A JSON object that was made text as JSON again. #}
{% macro text_as_json(text) %}{{ return(adapter.dispatch('text_as_json', 'akeneo')(text)) }}{% endmacro %}

{% macro duckdb__text_as_json(text) %}cast({{ text }} as json){% endmacro %}
{% macro postgres__text_as_json(text) %}cast({{ text }} as jsonb){% endmacro %}
{% macro redshift__text_as_json(text) %}json_parse({{ text }}){% endmacro %}
{% macro snowflake__text_as_json(text) %}parse_json({{ text }}){% endmacro %}
{% macro bigquery__text_as_json(text) %}parse_json({{ text }}){% endmacro %}


{# The member of a JSON object whose name is given by SQL. #}
{% macro json_member(object, name) %}
    {{- return(adapter.dispatch('json_member', 'akeneo')(object, name)) -}}
{% endmacro %}

{% macro duckdb__json_member(object, name) -%}
    json_extract({{ object }}, '$."' || {{ name }} || '"')
{%- endmacro %}
{% macro postgres__json_member(object, name) %}({{ object }} -> {{ name }}){% endmacro %}
{% macro redshift__json_member(object, name) -%}
    json_parse(json_extract_path_text(json_serialize({{ object }}), {{ name }}, true))
{%- endmacro %}
{% macro snowflake__json_member(object, name) %}get({{ object }}, {{ name }}){% endmacro %}
{% macro bigquery__json_member(object, name) %}{{ object }}[{{ name }}]{% endmacro %}


{# The first element of a JSON list. #}
{% macro json_first(list) %}{{ return(adapter.dispatch('json_first', 'akeneo')(list)) }}{% endmacro %}

{% macro duckdb__json_first(list) %}json_extract({{ list }}, '$[0]'){% endmacro %}
{% macro postgres__json_first(list) %}({{ list }} -> 0){% endmacro %}
{% macro redshift__json_first(list) %}{{ list }}[0]{% endmacro %}
{% macro snowflake__json_first(list) %}get({{ list }}, 0){% endmacro %}
{% macro bigquery__json_first(list) %}{{ list }}[0]{% endmacro %}


{# A JSON value as text: of a text without its quotes, of an object or a list as JSON. #}
{% macro json_as_text(value) %}{{ return(adapter.dispatch('json_as_text', 'akeneo')(value)) }}{% endmacro %}

{% macro duckdb__json_as_text(value) %}({{ value }} ->> '$'){% endmacro %}
{% macro postgres__json_as_text(value) %}({{ value }} #>> '{}'){% endmacro %}
{% macro redshift__json_as_text(value) -%}
    case when is_varchar({{ value }}) then {{ value }}::varchar else json_serialize({{ value }}) end
{%- endmacro %}
{% macro snowflake__json_as_text(value) %}cast({{ value }} as varchar){% endmacro %}
{% macro bigquery__json_as_text(value) -%}
    case when json_type({{ value }}) in ('object', 'array')
        then to_json_string({{ value }}) else json_value({{ value }}) end
{%- endmacro %}


{# A JSON object or a list of the loader as text, without parsing it where the database keeps text. #}
{% macro json_as_written(value) %}{{ return(adapter.dispatch('json_as_written', 'akeneo')(value)) }}{% endmacro %}

{% macro default__json_as_written(value) %}{{ akeneo.json_as_text(value) }}{% endmacro %}
{% macro duckdb__json_as_written(value) %}cast({{ value }} as varchar){% endmacro %}


{# The member of a JSON object as text. #}
{% macro json_text(object, name) %}{{ return(adapter.dispatch('json_text', 'akeneo')(object, name)) }}{% endmacro %}

{% macro default__json_text(object, name) -%}
    {{ akeneo.json_as_text(akeneo.json_member(object, name)) }}
{%- endmacro %}
{% macro duckdb__json_text(object, name) %}({{ object }} ->> ('$."' || {{ name }} || '"')){% endmacro %}
{% macro postgres__json_text(object, name) %}({{ object }} ->> {{ name }}){% endmacro %}


{# The kind of a JSON value: object, array, or another name for everything else. #}
{% macro json_kind(value) %}{{ return(adapter.dispatch('json_kind', 'akeneo')(value)) }}{% endmacro %}

{% macro duckdb__json_kind(value) %}lower(json_type({{ value }})){% endmacro %}
{% macro postgres__json_kind(value) %}jsonb_typeof({{ value }}){% endmacro %}
{% macro redshift__json_kind(value) %}json_typeof({{ value }}){% endmacro %}
{% macro snowflake__json_kind(value) %}lower(typeof({{ value }})){% endmacro %}
{% macro bigquery__json_kind(value) %}json_type({{ value }}){% endmacro %}


{#
    A query with one row for each element of a JSON list: the given columns, `item`, and
    `position` from 1. Rows without a list disappear, or count as a list of one if `wrap` is true.
#}
{% macro unnest_list(relation, columns, list, wrap=false) %}
    {{- return(adapter.dispatch('unnest_list', 'akeneo')(relation, columns, list, wrap)) -}}
{% endmacro %}

{% macro duckdb__unnest_list(relation, columns, list, wrap) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        unnest(items) as item,
        generate_subscripts(items, 1) as position
    from (
        select
            {% for column in columns %}{{ column }}, {% endfor %}
            case when json_type({{ list }}) = 'ARRAY' then cast({{ list }} as json[])
                {% if wrap %}else [{{ list }}]{% endif %} end as items
        from {{ relation }}
    ) as listed
{% endmacro %}
{% macro postgres__unnest_list(relation, columns, list, wrap) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        elements.item,
        elements.position
    from {{ relation }}
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof({{ list }}) = 'array' then {{ list }}
            {% if wrap %}else jsonb_build_array({{ list }}){% endif %} end
    ) with ordinality as elements (item, position)
{% endmacro %}
{% macro redshift__unnest_list(relation, columns, list, wrap) %}
    {% set items = 'case when is_array(' ~ list ~ ') then ' ~ list ~ ' else array(' ~ list ~ ') end' %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        item,
        position + 1 as position
    from (select *, {{ items if wrap else list }} as unnested from {{ relation }}) as listed,
        listed.unnested as item at position
{% endmacro %}
{% macro snowflake__unnest_list(relation, columns, list, wrap) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        elements.value as item,
        elements.index + 1 as position
    from {{ relation }},
        lateral flatten(
            input => {{ 'to_array(' ~ list ~ ')' if wrap else list }}, mode => 'ARRAY'
        ) as elements
{% endmacro %}
{% macro bigquery__unnest_list(relation, columns, list, wrap) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        item,
        place + 1 as position
    from {{ relation }},
        unnest(
            case when json_type({{ list }}) = 'array' then json_query_array({{ list }})
                {% if wrap %}else [{{ list }}]{% endif %} end
        ) as item with offset as place
{% endmacro %}


{#
    A query with one row for each member of a JSON object: the given columns, `name`, and
    `item`. Rows without an object disappear.
#}
{% macro unnest_object(relation, columns, object) %}
    {{- return(adapter.dispatch('unnest_object', 'akeneo')(relation, columns, object)) -}}
{% endmacro %}

{% macro duckdb__unnest_object(relation, columns, object) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        unnest(map_keys(members)) as name,
        unnest(map_values(members)) as item
    from (
        select
            {% for column in columns %}{{ column }}, {% endfor %}
            case when json_type({{ object }}) = 'OBJECT'
                then cast({{ object }} as map(varchar, json)) end as members
        from {{ relation }}
    ) as listed
{% endmacro %}
{% macro postgres__unnest_object(relation, columns, object) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        members.name,
        members.item
    from {{ relation }}
    cross join lateral jsonb_each(
        case when jsonb_typeof({{ object }}) = 'object' then {{ object }} end
    ) as members (name, item)
{% endmacro %}
{% macro redshift__unnest_object(relation, columns, object) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        name,
        item
    from (select *, {{ object }} as unnested from {{ relation }}) as listed,
        unpivot listed.unnested as item at name
{% endmacro %}
{% macro snowflake__unnest_object(relation, columns, object) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        members.key as name,
        members.value as item
    from {{ relation }}, lateral flatten(input => {{ object }}, mode => 'OBJECT') as members
{% endmacro %}
{% macro bigquery__unnest_object(relation, columns, object) %}
    select
        {% for column in columns %}{{ column }}, {% endfor %}
        name,
        {{ object }}[name] as item
    from {{ relation }}, unnest(json_keys({{ object }}, 1)) as name
{% endmacro %}
