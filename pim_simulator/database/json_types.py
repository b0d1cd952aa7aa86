"""The type of what JSON holds."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any
