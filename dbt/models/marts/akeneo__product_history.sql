{# Old versions do not change, so each build only adds what is new. #}
{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with attributes as (
    select attribute, lower(attribute) as attribute_code, attribute_type
    from {{ ref('stg_akeneo__attributes') }}
),

versions as (
    select
        product_key,
        identifier,
        effective_updated_at,
        dbt_scd_id,
        dbt_valid_from as changed_at,
        lower(cast(dbt_is_deleted as {{ dbt.type_string() }})) = 'true' as is_deleted,
        row_number() over (partition by product_key order by dbt_valid_from) as version,
        min(dbt_valid_from) over () as history_began_at
    from (
        {{ akeneo.product_versions() }}
    ) as product_versions
),

pairs as (
    select
        latter.product_key,
        latter.version,
        latter.identifier,
        latter.effective_updated_at,
        latter.changed_at,
        latter.is_deleted,
        coalesce(former.is_deleted, true) as was_deleted,
        former.version is null as is_first,
        latter.dbt_scd_id as id_after,
        former.dbt_scd_id as id_before
    from versions as latter
    left join versions as former
        on former.product_key = latter.product_key and former.version = latter.version - 1
    where (former.version is not null or latter.changed_at > latter.history_began_at)
        {% if is_incremental() %}
        and latter.changed_at > (
            select coalesce(max(changed_at), cast('1900-01-01' as {{ dbt.type_timestamp() }})) from {{ this }}
        )
        {% endif %}
),

changed as (
    select * from pairs
    where not is_deleted and not was_deleted
),

-- Only here are the contents needed, which are large.
sides as (
    {% for side in ['before', 'after'] %}
    select changed.version as pair, '{{ side }}' as side, states.*
    from changed
    inner join (
        {{ akeneo.product_versions() }}
    ) as states
        on states.dbt_scd_id = changed.id_{{ side }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

exploded as (
    {{ akeneo.exploded_values('sides', ['product_key', 'pair', 'side']) }}
),

single_values as (
    select
        exploded.product_key,
        exploded.pair,
        exploded.side,
        exploded.attribute,
        exploded.channel,
        exploded.locale,
        exploded.position,
        -- These texts stay, so they do not depend on a type that may not be known yet.
        case when is_amount then exploded.amount else exploded.content end as text_value,
        case when is_amount then exploded.unit end as unit,
        case when is_amount then exploded.currency end as currency
    from (
        select
            exploded.*,
            exploded.is_object and coalesce(attributes.attribute_type, '') <> 'pim_catalog_table' as is_amount
        from exploded
        left join attributes on attributes.attribute_code = lower(exploded.attribute)
    ) as exploded
    where not is_amount or exploded.amount <> ''
),

{% set properties = {
    'identifier': 'identifier',
    'family': 'family',
    'parent': 'parent',
    'enabled': "case when enabled then 'true' else 'false' end",
    'categories': akeneo.json_as_text('categories'),
    'groups': akeneo.json_as_text('product_groups'),
    'associations': akeneo.json_as_text('associations'),
    'quantified_associations': akeneo.json_as_text('quantified_associations'),
} %}

contents as (
    select
        product_key, pair, side, 'value' as property, attribute,
        coalesce(channel, '') as channel, coalesce(locale, '') as locale,
        {{ dbt.listagg(
            "text_value || coalesce(' ' || unit, ' ' || currency, '')", "', '", 'order by position'
        ) }} as content
    from single_values
    group by product_key, pair, side, attribute, coalesce(channel, ''), coalesce(locale, '')

    {% for name, content in properties.items() %}
    union all

    select
        product_key, pair, side, '{{ name }}' as property, '' as attribute, '' as channel,
        '' as locale, {{ content }} as content
    from sides
    {% endfor %}
),

differences as (
    select
        product_key,
        pair,
        property,
        attribute,
        channel,
        locale,
        max(case when side = 'before' then content end) as content_before,
        max(case when side = 'after' then content end) as content_after
    from contents
    group by product_key, pair, property, attribute, channel, locale
),

changes as (
    select
        product_key,
        version,
        case
            when is_first then 'added'
            when is_deleted then 'deleted'
            else 'restored'
        end as change,
        cast(null as {{ dbt.type_string() }}) as property,
        cast(null as {{ dbt.type_string() }}) as attribute,
        cast(null as {{ dbt.type_string() }}) as channel,
        cast(null as {{ dbt.type_string() }}) as locale,
        cast(null as {{ dbt.type_string() }}) as content_before,
        cast(null as {{ dbt.type_string() }}) as content_after
    from pairs
    where is_deleted <> was_deleted

    union all

    select
        product_key,
        pair as version,
        'changed' as change,
        property,
        nullif(attribute, '') as attribute,
        nullif(channel, '') as channel,
        nullif(locale, '') as locale,
        content_before,
        content_after
    from differences
    where coalesce(content_before, '') <> coalesce(content_after, '')
)

select
    changes.product_key,
    pairs.identifier,
    changes.version,
    pairs.changed_at,
    pairs.effective_updated_at,
    changes.change,
    changes.property,
    changes.attribute,
    changes.channel,
    changes.locale,
    changes.content_before,
    changes.content_after
from changes
inner join pairs
    on pairs.product_key = changes.product_key and pairs.version = changes.version
