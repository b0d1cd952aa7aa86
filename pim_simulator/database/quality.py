"""Data quality scores, which a job of the PIM computes and stores."""

from __future__ import annotations

import hashlib


def quality_score(uuid: str, channel: str, locale: str) -> str:
    """Return a letter from A to E, always the same for the same product."""
    return "ABCDE"[hashlib.sha256(f"{uuid}/{channel}/{locale}".encode()).digest()[0] % 5]
