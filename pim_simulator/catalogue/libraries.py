"""The reference entities and asset families of the simulated shop."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from itertools import cycle
from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue.library_structure import (
    ASSET_FAMILIES,
    IMAGE,
    LABEL,
    OPTIONS,
    REFERENCE_ENTITIES,
    Attribute,
    attribute_body,
    option_body,
)
from pim_simulator.catalogue.structure import CHANNELS, labels
from pim_simulator.database.libraries import LIBRARY_OPTION_TYPES, Library, LibraryValues, Row
from pim_simulator.database.random_numbers import SeededRandom
from pim_simulator.database.rows import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pim_simulator.database.php import Json
    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import Store

_FIRST = int(datetime(2023, 4, 1, tzinfo=timezone.utc).timestamp())
_LAST = int(datetime(2025, 4, 1, tzinfo=timezone.utc).timestamp())
_LOCALES = ("de_DE", "en_US", "fr_FR")
_WORDS = ("calm", "bright", "nordic", "old", "café", "bold", "quiet", "little")
_TAGS = {"outdoor": ("Outdoor", "Extérieur"), "fashion": ("Fashion", "Mode"), "studio": ()}
# One asset in this many is disabled.
_DISABLED = 7


def media_code(*of: str, name: str) -> str:
    """Return the code of an owner's media file."""
    sha1 = hashlib.sha1("/".join(of).encode(), usedforsecurity=False).hexdigest()
    return f"{'/'.join(sha1[:4])}/{sha1}_{name}"


def tag_labels(tag: str) -> dict[str, str | None]:
    """Return the labels of an automatic tag."""
    return labels(_TAGS[tag])


def add_libraries(  # noqa: PLR0913 - how many there are of what
    store: Store, profile: Profile, seed: int, *, entities: int, families: int, rows: int
) -> None:
    """Fill the tables of reference entities and asset families."""
    random = SeededRandom(f"libraries/{seed}")
    maker = _ValueMaker(store, seed)
    for code, texts, own in _named(REFERENCE_ENTITIES, entities, "entity"):
        image = media_code(code, name=f"{code}.png") if random.chance(0.6) else None
        body = {"code": code, "labels": labels(texts), "image": image}
        library = _library(body, [LABEL, IMAGE, *own], profile, random, assets=False)
        store.reference_entities[code] = library
        _add_rows(library, rows, random, maker)
    for code, (texts, main, own) in _numbered(ASSET_FAMILIES, families, "family"):
        library = _library(
            _family_body(code, texts, main, profile), [LABEL, *own], profile, random, assets=True
        )
        store.asset_families[code] = library
        _add_rows(library, rows, random, maker)


def _named(
    templates: dict[str, tuple[tuple[str | None, ...], tuple[Attribute, ...]]],
    count: int,
    stem: str,
) -> Iterator[tuple[str, tuple[str | None, ...], tuple[Attribute, ...]]]:
    for code, (texts, own) in _numbered(templates, count, stem):
        yield code, texts, own


def _numbered(templates: dict[str, Any], count: int, stem: str) -> Iterator[tuple[str, Any]]:
    """Iterate over a number of libraries; those after the named ones repeat them."""
    repeated = cycle(templates.items())
    for number in range(count):
        code, template = next(repeated)
        yield code if number < len(templates) else f"{stem}_{number + 1:04}", template


def _family_body(
    code: str, texts: tuple[str | None, ...], main: str, profile: Profile
) -> dict[str, Any]:
    linked = main == "media"
    body: dict[str, Any] = {
        "code": code, "labels": labels(texts), "attribute_as_main_media": main,
        "product_link_rules": [], "transformations": [], "naming_convention": {},
    }  # fmt: skip
    if linked:
        rule = {
            "product_selections": [
                {"field": "sku", "operator": "=", "value": "{{photographer}}", "locale": None,
                 "channel": None}
            ],
            "assign_assets_to": [
                {"mode": "add", "attribute": "packshots", "locale": None, "channel": None}
            ],
        }  # fmt: skip
        body["product_link_rules"] = [rule]
        body["naming_convention"] = {
            "source": {"property": "code", "channel": None, "locale": None},
            "pattern": "/(?P<photographer>.*)_.*/",
            "abort_asset_creation_on_error": False,
        }
        target = {"attribute": "media", "channel": None, "locale": None}
        body["transformations"] = [
            {"label": "Thumbnail", "source": target, "target": target,
                "operations": [{"type": "resize", "parameters": {"width": 150, "height": 150}}],
                "filename_suffix": "_thumb"},
        ]  # fmt: skip
    if not profile.since(4):  # api.akeneo.com: both came with 4.0
        del body["transformations"], body["naming_convention"]
    if profile.saas:
        body |= {"sharing_enabled": linked, "auto_tagging_enabled": linked}
    return body


def _library(
    body: dict[str, Any],
    attributes: Sequence[Attribute],
    profile: Profile,
    random: SeededRandom,
    *,
    assets: bool,
) -> Library:
    def entity(body: dict[str, Any], owner: str) -> Entity:
        return Entity(body, *random.dates(_FIRST, _LAST), owner)

    library = Library(body, *random.dates(_FIRST, _LAST))
    for attribute in attributes:
        code, kind, _, traits = attribute
        if traits.get("only") == "saas" and not profile.saas:
            continue
        written = attribute_body(attribute, assets=assets and profile.since(4))
        library.attributes[code] = entity(written, library.code)
        if kind in LIBRARY_OPTION_TYPES:
            library.options[code] = {
                option: entity(option_body(option, texts), code)
                for option, texts in OPTIONS[code].items()
            }
    return library


def _add_rows(library: Library, count: int, random: SeededRandom, maker: _ValueMaker) -> None:
    stem = library.code.lower()
    make = maker.of(library)
    for number in range(count):
        code = f"{stem}_{number:04}"
        enabled = number % _DISABLED != _DISABLED - 1
        library.rows[code] = Row(code, *random.dates(_FIRST, _LAST), enabled, make)
    library.generated = list(library.rows)


class _ValueMaker:
    """Makes the values of generated records and assets."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed
        self._makers: dict[str, Callable[[SeededRandom, Entity, Row], Json]] = {
            "text": self._text, "number": self._number,
            "image": lambda _, a, row: media_code(a.owner, row.code, name="image.jpg"),
            "media_file": self._file,
            "media_link": lambda random, *_: f"{random.getrandbits(60):x}",
            "date": lambda r, *_: f"20{r.randint(20, 26)}-{r.randint(1, 12):02}-28",
            "boolean": lambda random, *_: random.chance(0.5),
            "auto_tagging": lambda random, *_: sorted(random.sample(list(_TAGS), 2)),
            "record": self._link, "reference_entity_single_link": self._link,
            "reference_entity_multiple_links": self._links, "asset_collection": self._links,
        }  # fmt: skip

    def of(self, library: Library) -> Callable[[Row], LibraryValues]:
        """Return the value generator of a library's rows."""
        structure = [  # as it is now, so that later changes do not change generated values
            (entity, list(library.options.get(code, ())))
            for code, entity in library.attributes.items()
        ]

        def make(row: Row) -> LibraryValues:
            random = SeededRandom(f"{self._seed}/{library.code}/{row.code}")
            values: LibraryValues = {}
            for entity, options in structure:
                if not random.chance(0.8):
                    continue
                made = [
                    {"locale": locale, "channel": channel, "data": data}
                    for channel, locale in _places(entity.body)
                    if (data := self._data(random, entity, row, options)) is not None
                ]
                if made:
                    values[entity.code] = made
            return values

        return make

    def _data(self, random: SeededRandom, entity: Entity, row: Row, options: list[str]) -> Json:
        kind = entity.body["type"]
        if kind == "single_option":
            return random.choice(options)
        if kind == "multiple_options":
            return sorted(random.sample(options, 2))
        return self._makers[kind](random, entity, row)

    @staticmethod
    def _text(random: SeededRandom, entity: Entity, row: Row) -> str:
        if entity.code == "iso":
            return random.choice(("FR", "DE", "DK", "IT"))
        return f"{random.choice(_WORDS).capitalize()} {random.choice(_WORDS)} {row.code}"

    @staticmethod
    def _number(random: SeededRandom, entity: Entity, _: Row) -> str:
        if entity.body["decimals_allowed"]:
            return f"{random.randint(1, 9999)}.{random.randint(1, 99):02}"
        return str(random.randint(1800, 2100))

    @staticmethod
    def _file(random: SeededRandom, entity: Entity, row: Row) -> str:
        extension = random.choice(entity.body["allowed_extensions"])
        key = f"{random.random()}"
        return media_code(entity.owner, row.code, key, name=f"{row.code}.{extension}")

    def _linked(self, entity: Entity) -> list[str]:
        if entity.body["type"] == "asset_collection":
            library = self._store.asset_families.get(entity.body["asset_family_identifier"])
        else:
            name = entity.body.get("reference_entity_code") or entity.body.get("reference_entity")
            library = self._store.reference_entities.get(name or "")
        return [] if library is None else library.generated

    def _link(self, random: SeededRandom, entity: Entity, _: Row) -> str | None:
        codes = self._linked(entity)
        return random.choice(codes) if codes else None

    def _links(self, random: SeededRandom, entity: Entity, _: Row) -> list[str] | None:
        codes = self._linked(entity)
        return sorted(random.sample(codes, min(2, len(codes)))) or None


def _places(attribute: dict[str, Any]) -> list[tuple[str | None, str | None]]:
    """Return the channels and locales in which an attribute has values."""
    channels: list[str | None] = list(CHANNELS) if attribute["value_per_channel"] else [None]
    if not attribute["value_per_locale"]:
        return [(channel, None) for channel in channels]
    return [
        (channel, locale)
        for channel in channels
        for locale in (_LOCALES if channel is None else CHANNELS[channel]["locales"])
    ]
