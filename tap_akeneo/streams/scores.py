"""Completenesses and quality scores of all products and product models.

The PIM calculates them later than the change of a product, and again for all products of a family
when its requirements change. Neither moves ``updated``, so scores in incremental tables become
stale. These streams read all of them in each run.
"""

from __future__ import annotations

from tap_akeneo.streams.keys import ItemScan
from tap_akeneo.streams.products import ProductModels, Products, ProductsByIdentifier


class ScoreStream(ItemScan):
    """The scores of all items of another stream, in the same form as there."""

    why_not_by_default = "one request per 100 items in each run, only needed for scores"


class ProductScores(ScoreStream, scan_of=Products):
    """Scores of products by uuid (7.0+)."""

    name = "product_scores"
    fields = ("completenesses", "quality_scores")


class ProductScoresByIdentifier(ScoreStream, scan_of=ProductsByIdentifier):
    """Scores of products of PIMs before 7.0. Completenesses came with 6.0."""

    name = "product_scores"
    since = "5.0"
    requires = ("measurement-families",)
    fields = ("completenesses", "quality_scores")


class ProductModelScores(ScoreStream, scan_of=ProductModels):
    """Scores of product models. They have no completenesses."""

    name = "product_model_scores"
    since = "7.0"
    requires = ("products-uuid",)
    fields = ("quality_scores",)
