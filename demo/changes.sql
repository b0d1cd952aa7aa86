select identifier, change, coalesce(attribute, property) as changed, locale, content_before,
    content_after
from akeneo__product_history
where changed_at = (select max(changed_at) from akeneo__product_history)
order by change, identifier, changed
