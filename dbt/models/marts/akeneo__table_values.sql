{# The cells of table attributes. #}
with table_attributes as (
    select attribute, lower(attribute) as attribute_code, table_configuration
    from {{ ref('stg_akeneo__attributes') }}
    where attribute_type = 'pim_catalog_table'
),

product_values as (
    {{ akeneo.product_values(attributes='table_attributes') }}
),

configured as (
    {{ akeneo.unnest_list('table_attributes', ['attribute'], 'table_configuration') }}
),

table_columns as (
    select
        attribute,
        lower({{ akeneo.json_text('item', "'code'") }}) as column_code,
        min({{ akeneo.json_text('item', "'data_type'") }}) as data_type,
        min(
            {{ akeneo.label(akeneo.json_member('item', "'labels'"), akeneo.json_text('item', "'code'")) }}
        ) as column_label,
        min(position) as column_position
    from configured
    group by attribute, lower({{ akeneo.json_text('item', "'code'") }})
),

rows_of_tables as (
    select
        product_values.*,
        {{ akeneo.text_as_json('text_value') }} as cells
    from product_values
),

{% set columns = [
    'item_type', 'product_key', 'product_model', 'identifier', 'family', 'attribute', 'channel', 'locale',
    'position', 'is_inherited', 'inherited_from',
] %}

cells as (
    {{ akeneo.unnest_object('rows_of_tables', columns, 'cells') }}
)

select
    cells.item_type,
    cells.product_key,
    cells.product_model,
    cells.identifier,
    cells.family,
    cells.attribute,
    cells.channel,
    cells.locale,
    cells.position as row_position,
    cells.name as table_column,
    table_columns.column_label,
    table_columns.column_position,
    table_columns.data_type,
    -- A measurement is an object with an amount and a unit.
    case when {{ akeneo.json_kind('cells.item') }} = 'object'
        then {{ akeneo.json_text('cells.item', "'amount'") }}
        else {{ akeneo.json_as_text('cells.item') }} end as text_value,
    case when table_columns.data_type in ('number', 'measurement') then
        {{ akeneo.safe_number(
            "case when " ~ akeneo.json_kind('cells.item') ~ " = 'object' then "
            ~ akeneo.json_text('cells.item', "'amount'") ~ " else " ~ akeneo.json_as_text('cells.item') ~ " end"
        ) }} end as number_value,
    case when {{ akeneo.json_kind('cells.item') }} = 'object'
        then {{ akeneo.json_text('cells.item', "'unit'") }} end as unit,
    cells.is_inherited,
    cells.inherited_from
from cells
left join table_columns
    on table_columns.attribute = cells.attribute and table_columns.column_code = lower(cells.name)
