{# The label of something in the chosen locale. As in the PIM, it is `[code]` if there is none. #}
{% macro label(labels, code) -%}
    coalesce(
        nullif({{ akeneo.json_text(labels, "'" ~ var('akeneo_locale') ~ "'") }}, ''),
        '[' || {{ code }} || ']'
    )
{%- endmacro %}
