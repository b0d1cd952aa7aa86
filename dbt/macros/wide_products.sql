{#
    A query with one row for each product and a typed column for each value, for a model of your own:

        {{ akeneo.wide_products(family='shoes') }}

    Columns are named `attribute`, `attribute__channel`, `attribute__locale` or
    `attribute__channel__locale`. Prices have one column for each currency, whose code is at the end, and
    measurements have a second column that ends in `__unit`. Lists are joined with commas.

    Args:
        family: Code of a family: only its products and attributes. All by default.
        attributes: Codes of attributes; those of the family by default.
        channels: Codes of channels; all by default.
        locales: Codes of locales; all by default.
        option_labels: Whether columns of select attributes have labels instead of codes.
        max_columns: More columns than this are an error.
#}
{% macro wide_products(
    family=none, attributes=none, channels=none, locales=none, option_labels=false, max_columns=300
) %}
    {%- if family is none and not attributes -%}
        {{ exceptions.raise_compiler_error("wide_products needs a family or attributes") }}
    {%- endif -%}
    {%- set base = [
        'product_key', 'identifier', 'label', 'family', 'parent', 'root_model', 'is_enabled',
        'updated_at', 'effective_updated_at',
    ] -%}
    {%- set found = akeneo.wide_columns(family, attributes, channels, locales, option_labels) -%}
    {%- if found | length > max_columns -%}
        {{ exceptions.raise_compiler_error(
            "wide_products would make " ~ found | length ~ " columns, more than max_columns="
            ~ max_columns ~ ": name fewer attributes, channels or locales"
        ) }}
    {%- endif -%}
    {%- set names = akeneo.column_names(found | map(attribute='name') | list, taken=base) -%}
    with products as (
        select * from {{ ref('akeneo__products') }}
    ),

    product_values as (
        select * from {{ ref('akeneo__product_values') }}
        where item_type = 'product'
            {% if family is not none %}and family = {{ dbt.string_literal(family) }}{% endif %}
            {% if attributes %}and attribute in (
                {%- for attribute in attributes %}{{ dbt.string_literal(attribute) }}{{ ', ' if not loop.last }}{% endfor -%}
            ){% endif %}
    ),

    pivoted as (
        select
            product_key
            {%- for column in found %},
            {{ column.sql }} as {{ akeneo.quoted(names[loop.index0]) }}
            {%- endfor %}
        from product_values
        group by product_key
    )

    select
        {% for column in base %}products.{{ column }}{{ ',' if not loop.last or names }}
        {% endfor -%}
        {% for name in names %}pivoted.{{ akeneo.quoted(name) }}{{ ',' if not loop.last }}
        {% endfor %}
    from products
    left join pivoted on pivoted.product_key = products.product_key
    {% if family is not none %}where products.family = {{ dbt.string_literal(family) }}{% endif %}
{% endmacro %}


{# The columns for the values: a list of objects with `name` and `sql`. #}
{% macro wide_columns(family, attributes, channels, locales, option_labels) %}
    {#- Before the return, because dbt finds dependencies by running this without a database. -#}
    {%- set expected = ref('int_akeneo__expected_values') -%}
    {%- set all_attributes = ref('stg_akeneo__attributes') -%}
    {%- set all_currencies = ref('int_akeneo__channel_currencies') -%}
    {%- set columns = [] -%}
    {%- if not execute or not load_relation(expected) -%}
        {{ return(columns) }}
    {%- endif -%}
    {%- set currencies = run_query(
        "select distinct currency from " ~ all_currencies ~ " order by currency"
    ).columns[0].values() -%}
    {%- set places -%}
        select distinct expected.attribute, attributes.attribute_type, expected.channel, expected.locale
        from (select * from {{ expected }}) as expected
        inner join (select * from {{ all_attributes }}) as attributes
            on attributes.attribute = expected.attribute
        {% if family is not none %}where expected.family = {{ dbt.string_literal(family) }}{% endif %}
        order by 1, 3, 4
    {%- endset -%}
    {%- for place in run_query(places) -%}
        {%- set attribute, type, channel, locale = place[0], place[1], place[2], place[3] -%}
        {%- if (not attributes or attribute in attributes)
            and (not channels or channel is none or channel in channels)
            and (not locales or locale is none or locale in locales) -%}
            {%- set name = [attribute, channel, locale] | select | join('__') -%}
            {%- set condition -%}
                attribute = {{ dbt.string_literal(attribute) }}
                {%- if channel %} and channel = {{ dbt.string_literal(channel) }}{% endif %}
                {%- if locale %} and locale = {{ dbt.string_literal(locale) }}{% endif %}
            {%- endset -%}
            {%- if type == 'pim_catalog_price_collection' -%}
                {%- for currency in currencies -%}
                    {%- do columns.append({
                        'name': name ~ '__' ~ currency,
                        'sql': "max(case when " ~ condition ~ " and currency = "
                            ~ dbt.string_literal(currency) ~ " then number_value end)",
                    }) -%}
                {%- endfor -%}
            {%- elif type in ('pim_catalog_number', 'pim_catalog_metric') -%}
                {%- do columns.append({
                    'name': name, 'sql': "max(case when " ~ condition ~ " then number_value end)",
                }) -%}
                {%- if type == 'pim_catalog_metric' -%}
                    {%- do columns.append({
                        'name': name ~ '__unit', 'sql': "max(case when " ~ condition ~ " then unit end)",
                    }) -%}
                {%- endif -%}
            {%- elif type == 'pim_catalog_boolean' -%}
                {%- do columns.append({
                    'name': name,
                    'sql': "max(case when " ~ condition ~ " then case when boolean_value then 1 else 0 end end) = 1",
                }) -%}
            {%- elif type == 'pim_catalog_date' -%}
                {%- do columns.append({
                    'name': name, 'sql': "max(case when " ~ condition ~ " then date_value end)",
                }) -%}
            {%- else -%}
                {%- set text = 'coalesce(option_label, text_value)' if option_labels else 'text_value' -%}
                {%- do columns.append({
                    'name': name,
                    'sql': dbt.listagg(
                        "case when " ~ condition ~ " then " ~ text ~ " end", "', '", 'order by position'
                    ),
                }) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}


{#
    Names for columns that every database accepts: lower case, letters, digits and underscores, at
    most 63 characters. Names that would be cut, or that are the same in lower case, end with a hash of
    the original. So the name of a column does not depend on the order of the columns.

    Args:
        names: The original names, all different.
        taken: Names of other columns.
#}
{% macro column_names(names, taken=[]) %}
    {%- set clean, count = [], {} -%}
    {%- for name in names -%}
        {%- set safe = modules.re.sub('[^a-z0-9_]', '_', name | lower) -%}
        {%- do clean.append(safe if safe[0] not in '0123456789' else '_' ~ safe) -%}
        {%- do count.update({clean[-1]: count.get(clean[-1], 0) + 1}) -%}
    {%- endfor -%}
    {%- set result = [] -%}
    {%- for name in clean -%}
        {%- if name | length > 63 or count[name] > 1 or name in taken -%}
            {%- do result.append(name[:54] ~ '_' ~ local_md5(names[loop.index0])[:8]) -%}
        {%- else -%}
            {%- do result.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(result) }}
{% endmacro %}


{# A column's name in quotes, because it may be a reserved word. Queries also find it without them. #}
{% macro quoted(name) -%}
    {{ adapter.quote(name | upper if target.type == 'snowflake' else name) }}
{%- endmacro %}
