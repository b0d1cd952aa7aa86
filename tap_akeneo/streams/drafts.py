"""Drafts of products and product models (Enterprise)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams.children import ChildStream
from tap_akeneo.streams.products import (
    ProductModels,
    Products,
    ProductsByIdentifier,
)

if TYPE_CHECKING:
    from tap_akeneo.client.responses import Item
    from tap_akeneo.streams.base import AkeneoStream

DRAFT_STATUSES = ("draft_in_progress", "proposal_waiting_for_approval")


class ProductDrafts(ChildStream):
    """Drafts of products by uuid (7.0+).

    The PIM has no list of drafts, so all products are read for their status, then each draft.
    """

    name = "product_drafts"
    path: ClassVar[str] = "products-uuid/{uuid}/draft"
    since: ClassVar[str] = "7.0"
    primary_keys: ClassVar[tuple[str, ...]] = ("uuid",)
    pagination = Pagination.SINGLE
    permission = "List products"
    selected_by_default = False
    why_not_by_default = "costly: reads all products, then one request for each draft"
    switches = ("with_proposal_review_status",)
    parent: ClassVar[type[AkeneoStream]] = Products
    parent_key: ClassVar[str] = "uuid"

    @override
    def has_children(self, parent: Item) -> bool:
        metadata = value_of(parent, "metadata")
        return isinstance(metadata, dict) and metadata.get("workflow_status") in DRAFT_STATUSES


class ProductDraftsByIdentifier(ProductDrafts):
    """Drafts of products of PIMs before 7.0."""

    path = "products/{identifier}/draft"
    since = "2.0"
    primary_keys = ("identifier",)
    parent = ProductsByIdentifier
    parent_key = "identifier"


class ProductModelDrafts(ProductDrafts):
    """Drafts of product models."""

    name = "product_model_drafts"
    path = "product-models/{code}/draft"
    since = "2.3"
    primary_keys = ("code",)
    parent = ProductModels
    parent_key = "code"
