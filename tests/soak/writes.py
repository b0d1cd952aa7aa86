"""Writes to the PIM, each to one of the items that it has at that time."""

from __future__ import annotations

from bisect import bisect_left
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.soak.pim import WINDOW
from tests.soak.steps import PAGE, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pim_simulator import SimulatedPim
    from tests.soak.steps import Setup
    from tests.soak.target import Key

FIRST_V7 = 0x019A00000000
"""Milliseconds since 1970 in the first time-ordered uuid."""

LETTERS = "abzmqñ" + "abzmé".upper()
"""First letters of codes. Outside ASCII there is no letter in both cases, because a page with both
shows that a list is sorted by bytes, so that the places where parts meet need not be compared."""

FAMILY_VARIANT = "shoes_size"
SPARE = 3
"""Number of items that stay readable, because a run needs one to infer the time zone."""

OWNERS = {"assets": "asset_families", "reference_entity_records": "reference_entities"}


class Writes:
    """Writes to a PIM, and keeps track of what is in it.

    Left out is what changes a row without a change of its date, such as deleting an option in use.

    Args:
        pim: The PIM.
        setup: What the keys of new items look like.
        streams: The streams that are read.

    Attributes:
        count: Number of writes.
        touched: Streams and keys of items that were indexed again, perhaps with the same content.
    """

    def __init__(self, pim: SimulatedPim, setup: Setup, streams: tuple[str, ...]) -> None:
        self.count = 0
        self.touched: set[tuple[str, Key]] = set()
        self._pim, self._setup = pim, setup
        self._product_key = "uuid" if pim.profile.by_uuid else "identifier"
        self._parents: dict[Key, str | None] = {
            (row[self._product_key],): row["parent"] for row in pim.truth("products")
        }
        models = pim.truth("product_models")
        self._models: dict[Key, tuple[str | None, str]] = {
            (row["code"],): (row["parent"], row["family_variant"]) for row in models
        }
        self._leaves = [row["code"] for row in pim.truth("categories") if row["parent"]]
        self._families = [row["code"] for row in pim.truth("families")]
        self._others: dict[str, list[Key]] = {}
        for stream in ("categories", "families"):
            self._others[stream] = [(row["code"],) for row in pim.truth(stream)]
        self._others["attribute_options"] = []
        for rows, owners in OWNERS.items():
            owner = {"assets": "asset_family"}.get(rows, "reference_entity")
            self._others[owners] = [(row["code"],) for row in pim.truth(owners)]
            self._others[rows] = [(row[owner], row["code"]) for row in pim.truth(rows)]
        self._created: set[tuple[str, Key]] = set()
        self._read = tuple(stream for stream in streams if not stream.endswith("_keys"))
        if setup.is_long:
            for _ in range(WINDOW + 2 * PAGE):
                self._create(self._read[0], 1)
        elif setup.sorts_bytes:
            for nth in range(3 * len(LETTERS)):
                self._create(self._read[-1], nth)

    def stream_of(self, stream: str) -> str:
        """Return a stream if it is read, or one that is."""
        if stream == "product_models" and "products" in self._read and not self._setup.is_long:
            return stream
        return stream if stream in self._read else self._read[-1]

    def keys(self, stream: str) -> list[Key]:
        """Return the keys of the items of a stream, in the PIM's order."""
        keys: Iterable[Key] = self._others.get(stream, ())
        if stream in {"products", "product_models"}:
            keys = self._parents if stream == "products" else self._models
        return sorted(keys, key=lambda key: [part.lower().encode() for part in key])

    def do(self, write: Write) -> None:
        """Write, if there is an item for it."""
        self.count += 1
        # Some writes come in the same second as others, or as a request.
        self._pim.clock.advance(seconds=self.count % 3)
        stream = self.stream_of(write.stream)
        verbs: dict[str, Callable[[str, Key, Write], None]] = {
            "delete": self._delete,
            "move": self._move,
            "rename": self._rename,
            "lose": self._lose,
            "break": self._break,
            "repair": self._repair,
            "empty": self._empty,
        }
        keys = self.keys(stream)
        if write.verb == "create":
            self._create(stream, write.nth)
        elif keys:
            key = keys[write.nth % len(keys)]
            verbs.get(write.verb, self._change)(stream, key, write)

    def repair_all(self) -> None:
        """Repair all broken items."""
        self._pim.broken.clear()

    def change(self, stream: str, key: Key) -> None:
        """Change an item, if it is still there."""
        self.count += 1
        if key in self.keys(stream):
            self._change(stream, key, Write("change"))

    # The verbs.

    def _change(self, stream: str, key: Key, write: Write) -> None:
        data = self._content(stream)
        if stream == "products" and write.nth % 2:
            data["enabled"] = self.count % 3 > 0
        elif stream in {"products", "product_models"} and write.nth % 3 == 0:
            data["categories"] = [self._leaves[self.count % len(self._leaves)]]
        self._pim.write.change(stream, key if len(key) > 1 else key[0], **data)
        self._touch(stream, key)

    def _create(self, stream: str, nth: int) -> None:
        self.count += 1
        code, data = self._code(nth), self._content(stream)
        key: Key = (code,)
        if stream == "products":
            key = self._create_product(code, nth, data)
        elif stream == "product_models":
            self._pim.write.product_model(code, family_variant=FAMILY_VARIANT, **data)
            self._models[key] = (None, FAMILY_VARIANT)
        else:
            if stream in OWNERS:
                owners = self._others[OWNERS[stream]]
                if not owners:
                    return
                # Most often of the first one, so that its list has many pages.
                key = (owners[nth // 100 % len(owners)][0], code)
            elif stream == "attribute_options":
                key = (("color", "brand")[nth % 2], code)
            elif stream == "categories":
                data["parent"] = self._leaves[nth % len(self._leaves)]
            self._pim.write.save(stream, key if len(key) > 1 else code, data)
            self._others[stream].append(key)
        self._created.add((stream, key))
        self._touch(stream, key)

    def _create_product(self, code: str, nth: int, data: dict[str, Any]) -> Key:
        random = Random(self.count)  # noqa: S311 (no secret)
        uuid = UUID(int=random.getrandbits(128), version=4)
        if self._setup.keys == "time-ordered":
            # Some in the same millisecond, and a while between others.
            moment = FIRST_V7 + self.count * self.count // 3
            uuid = UUID(int=(moment << 80) | (7 << 76) | (2 << 62) | random.getrandbits(62))
        leaves = self._lowest_models()
        if nth % 3 == 2 and leaves:
            data["parent"] = leaves[nth % len(leaves)][0]
        else:
            data["family"] = self._families[nth % len(self._families)]
        self._pim.write.product(code, uuid=str(uuid), **data)
        key = (str(uuid),) if self._product_key == "uuid" else (code,)
        self._parents[key] = data.get("parent")
        return key

    def _delete(self, stream: str, key: Key, _write: Write) -> None:
        is_item = stream in {"products", "product_models"} or stream in OWNERS
        is_item |= stream in OWNERS.values()
        if not is_item and (stream, key) not in self._created:
            return
        self._pim.write.delete(stream, key if len(key) > 1 else key[0])
        if stream == "product_models":
            models, products = self._below(key)
            for model in models:
                del self._models[model]
            for product in products:
                del self._parents[product]
        elif stream == "products":
            del self._parents[key]
        else:
            self._others[stream].remove(key)
            for rows, owners in OWNERS.items():
                if owners == stream:
                    self._others[rows] = [row for row in self._others[rows] if row[0] != key[0]]

    def _empty(self, stream: str, key: Key, write: Write) -> None:
        if stream not in OWNERS:
            self._delete(stream, key, write)
            return
        for row in [row for row in self._others[stream] if row[0] == key[0]]:
            self._delete(stream, row, write)

    def _move(self, stream: str, key: Key, write: Write) -> None:
        old = self._parents.get(key) if stream == "products" else None
        if not old:
            self._change(stream, key, write)
            return
        variant = self._models[(old,)][1]
        models = [one for one in self._lowest_models() if self._models[one][1] == variant]
        (new,) = models[write.nth % len(models)]
        self._pim.write.change("products", key[0], parent=new)
        self._parents[key] = new
        self._touch(stream, key)

    def _rename(self, stream: str, key: Key, write: Write) -> None:
        is_broken = key[0] in self._pim.broken
        if stream != "products" or self._product_key == "uuid" or is_broken:
            self._change(stream, key, write)
            return
        code = self._code(write.nth)
        self._pim.write.change("products", key[0], identifier=code)
        self._parents[code,] = self._parents.pop(key)
        self._touch(stream, (code,))

    def _lose(self, stream: str, key: Key, write: Write) -> None:
        for lost in self._some(stream, key, write):
            if stream == "products":
                self._pim.missing.add(lost[0])
                del self._parents[lost]
            elif stream == "product_models" and not any(map(len, self._children(lost))):
                self._pim.missing.add(lost[0])
                del self._models[lost]

    def _break(self, stream: str, key: Key, write: Write) -> None:
        if stream in {"products", "product_models"}:
            self._pim.broken.update(broken for (broken,) in self._some(stream, key, write))

    def _repair(self, _stream: str, _key: Key, write: Write) -> None:
        broken = sorted(self._pim.broken)
        if broken:
            self._pim.broken.discard(broken[write.nth % len(broken)])

    # Details.

    def _some(self, stream: str, key: Key, write: Write) -> list[Key]:
        """Return one item, or several that begin at an eighth of the list, where it is divided."""
        keys = self.keys(stream)
        start = keys.index(key)
        if write.count > 1:
            eighth = write.nth % 8
            start = eighth * len(keys) // 8
            if stream == "products" and self._product_key == "uuid":
                start = bisect_left(keys, (str(UUID(int=eighth << 125)),))
            start = max(start + write.nth // 8 % 3 - 1, 0)
        readable = [one for one in keys if one[0] not in self._pim.broken]
        return keys[start : start + write.count][: max(len(readable) - SPARE, 0)]

    def _content(self, stream: str) -> dict[str, Any]:
        text = f"version {self.count}"
        if stream in {"products", "product_models"}:
            return {"values": {"name": [{"locale": "en_US", "scope": None, "data": text}]}}
        if stream in OWNERS:
            return {"values": {"label": [{"locale": "en_US", "channel": None, "data": text}]}}
        return {"labels": {"en_US": text}}

    def _code(self, nth: int) -> str:
        number = self.count
        if self._setup.keys == "grouped":
            return f"{('shirt', 'shoe', 'shoe_blue')[number % 3]}_{number:04}"
        if self._setup.keys == "upper case":
            return f"{'ABCDE'[nth % 5]}_{number:04}"
        if self._setup.keys == "mixed case":
            return f"{LETTERS[nth % len(LETTERS)]}_{number}"
        return f"item_{number:06}"

    def _lowest_models(self) -> list[Key]:
        """Return the models that have variants below them, and no models."""
        above = {parent for parent, _ in self._models.values()}
        return [key for key in self._models if key[0] not in above]

    def _children(self, model: Key) -> tuple[list[Key], list[Key]]:
        models = [key for key, (parent, _) in self._models.items() if parent == model[0]]
        return models, [key for key, parent in self._parents.items() if parent == model[0]]

    def _below(self, model: Key) -> tuple[list[Key], list[Key]]:
        """Return a model and the models below it, and the products below them."""
        models, products = [model], []
        for one in models:
            below, variants = self._children(one)
            models += below
            products += variants
        return models, products

    def _touch(self, stream: str, key: Key) -> None:
        self.touched.add((stream, key))
        if stream == "product_models":
            models, products = self._below(key)
            self.touched |= {(stream, model) for model in models}
            self.touched |= {("products", product) for product in products}
