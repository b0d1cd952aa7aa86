{#
    Conversions of text that return null if the text has another type, on every database for the same
    texts. So an odd value never stops a build.
#}


{#
    A number in its own type where the database has one with as many digits as it needs. DuckDB has
    none: there it is a double, which keeps the first 15 digits and is never null because it is large.
    `text_value` has all digits.
#}
{% macro safe_number(text) %}{{ return(adapter.dispatch('safe_number', 'akeneo')(text)) }}{% endmacro %}

{% macro duckdb__safe_number(text) -%}
    case when regexp_full_match({{ text }}, '[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?')
        then try_cast({{ text }} as double) end
{%- endmacro %}
{% macro postgres__safe_number(text) -%}
    case when {{ text }} ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$' then cast({{ text }} as numeric) end
{%- endmacro %}
{% macro redshift__safe_number(text) -%}
    case when {{ text }} ~ '^[+-]?[0-9]+([.][0-9]+)?$' then cast({{ text }} as decimal(38, 10)) end
{%- endmacro %}
{% macro snowflake__safe_number(text) %}try_cast({{ text }} as number(38, 10)){% endmacro %}
{% macro bigquery__safe_number(text) %}safe_cast({{ text }} as bignumeric){% endmacro %}


{# An integer; null if it is too large for one. Fractions are rounded. #}
{% macro safe_integer(text) -%}
    case when {{ akeneo.safe_number(text) }} between -2147483648 and 2147483647
        then cast({{ akeneo.safe_number(text) }} as {{ dbt.type_int() }}) end
{%- endmacro %}


{#
    The day of a date as the PIM sends it: midnight in the zone of its server, so its first ten characters.
    Null if there is no such day, or if its year has not four digits or is 0000.
#}
{% macro safe_date(text) %}{{ return(adapter.dispatch('safe_date', 'akeneo')(text)) }}{% endmacro %}

{% macro duckdb__safe_date(text) -%}
    case when regexp_matches({{ text }}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)') and left({{ text }}, 4) <> '0000'
        then try_cast(left({{ text }}, 10) as date) end
{%- endmacro %}
{# PostgreSQL has no cast that can fail, so the day is compared with the last of its month. #}
{% macro postgres__safe_date(text) -%}
    case when {{ text }} ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]|$)' then
        case when cast(substring({{ text }} from 9 for 2) as integer) <= extract(
            day from cast(left({{ text }}, 7) || '-01' as date) + interval '1 month' - interval '1 day'
        ) then cast(left({{ text }}, 10) as date) end
    end
{%- endmacro %}
{% macro snowflake__safe_date(text) %}try_to_date(left({{ text }}, 10)){% endmacro %}
{% macro bigquery__safe_date(text) %}safe_cast(left({{ text }}, 10) as date){% endmacro %}


{# A column with a date and a time, which some loaders write as text. #}
{% macro safe_timestamp(column) %}{{ return(adapter.dispatch('safe_timestamp', 'akeneo')(column)) }}{% endmacro %}

{% macro default__safe_timestamp(column) %}cast({{ column }} as {{ dbt.type_timestamp() }}){% endmacro %}
{% macro duckdb__safe_timestamp(column) %}try_cast({{ column }} as timestamp){% endmacro %}
{% macro bigquery__safe_timestamp(column) %}safe_cast({{ column }} as {{ dbt.type_timestamp() }}){% endmacro %}


{#
    The amount in a currency in a text such as `73.79 EUR, 584.24 USD`, as text; null if there is none. The
    pattern is a constant, because databases compile one that differs between rows for each row.
#}
{% macro amount_in(text, currency) -%}
    case when {{ text }} || ',' like '% ' || {{ currency }} || ',%' then
        {{ akeneo.last_word(dbt.split_part(text ~ " || ','", "' ' || " ~ currency ~ " || ','", 1)) }} end
{%- endmacro %}

{% macro last_word(text) %}{{ return(adapter.dispatch('last_word', 'akeneo')(text)) }}{% endmacro %}

{% macro default__last_word(text) %}regexp_substr({{ text }}, '[^ ,]+$'){% endmacro %}
{% macro duckdb__last_word(text) %}regexp_extract({{ text }}, '[^ ,]+$'){% endmacro %}
{% macro postgres__last_word(text) %}substring({{ text }} from '[^ ,]+$'){% endmacro %}
{% macro redshift__last_word(text) %}regexp_substr({{ text }}, '[^ ,]+$'){% endmacro %}
{% macro bigquery__last_word(text) %}regexp_extract({{ text }}, '[^ ,]+$'){% endmacro %}
