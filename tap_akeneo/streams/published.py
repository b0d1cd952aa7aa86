"""Published versions of products (Enterprise, up to 7.0)."""

from __future__ import annotations

from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams.base import AkeneoStream


class PublishedProducts(AkeneoStream):
    """Published versions of products."""

    name = "published_products"
    path = "published-products"
    since = "2.0"
    primary_keys = ("identifier",)
    pagination = Pagination.SEARCH_AFTER
    permission = "List products"
    filterable = True
    channel_parameter = "scope"
    limits_attributes = True
