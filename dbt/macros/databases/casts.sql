{# Conversions of text that return null if the text has another type. #}


{% macro safe_number(text) %}{{ return(adapter.dispatch('safe_number', 'akeneo')(text)) }}{% endmacro %}

{% macro duckdb__safe_number(text) %}try_cast({{ text }} as decimal(38, 10)){% endmacro %}
{% macro postgres__safe_number(text) -%}
    case when {{ text }} ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$' then cast({{ text }} as numeric) end
{%- endmacro %}
{% macro redshift__safe_number(text) -%}
    case when {{ text }} ~ '^[+-]?[0-9]+([.][0-9]+)?$' then cast({{ text }} as decimal(38, 10)) end
{%- endmacro %}
{% macro snowflake__safe_number(text) %}try_cast({{ text }} as number(38, 10)){% endmacro %}
{% macro bigquery__safe_number(text) %}safe_cast({{ text }} as bignumeric){% endmacro %}


{# The day of a date as the PIM sends it: midnight in the zone of its server, so its first ten characters. #}
{% macro safe_date(text) %}{{ return(adapter.dispatch('safe_date', 'akeneo')(text)) }}{% endmacro %}

{% macro duckdb__safe_date(text) %}try_cast(left({{ text }}, 10) as date){% endmacro %}
{% macro postgres__safe_date(text) -%}
    case when {{ text }} ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T|$)'
        then cast(left({{ text }}, 10) as date) end
{%- endmacro %}
{% macro snowflake__safe_date(text) %}try_to_date(left({{ text }}, 10)){% endmacro %}
{% macro bigquery__safe_date(text) %}safe_cast(left({{ text }}, 10) as date){% endmacro %}
