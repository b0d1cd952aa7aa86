select identifier, label, family_label, categories, round(average_completeness) as completeness, is_enabled,
    effective_updated_at
from akeneo__products
order by effective_updated_at desc, identifier
limit 10
