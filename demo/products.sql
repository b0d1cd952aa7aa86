-- The products as a person would want to see them, those that changed last first.
-- Each value is a list with one entry for each channel and locale; here one of them is picked.
with product as (
    select *, "values"->'sku' as skus, "values"->'name' as names, "values"->'price'->0->'data' as prices
    from products
)
select
    p.skus->0->>'data' as sku,
    [n->>'data' for n in cast(p.names as json[]) if (n->>'locale') = 'en_US'][1] as name,
    f.labels->>'en_US' as "family",
    p."values"->'brand'->0->>'data' as brand,
    [e->>'amount' for e in cast(p.prices as json[]) if (e->>'currency') = 'EUR'][1] as "EUR",
    p.enabled,
    p.updated
from product p
left join families f on f.code = p."family"
order by p.updated desc, sku
limit 10
