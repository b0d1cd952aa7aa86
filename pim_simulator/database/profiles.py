"""The PIM versions which can be simulated, and what each of them has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One version of the PIM.

    Attributes:
        name: Name by which a user chooses it.
        major: Major version; what came after 7.0, master and SaaS, counts as 8.
        version: Version in the response of ``/system-information``.
        edition: Edition in the response of ``/system-information``.
        off: Features that are disabled by default.
    """

    name: str
    major: int
    version: str
    edition: str
    off: frozenset[str] = frozenset()

    def since(self, major: int) -> bool:
        """Return whether this is the given major version or a later one."""
        return self.major >= major

    @property
    def saas(self) -> bool:
        """Whether it is the hosted edition, which has newer keys than master of 2024."""
        return self.edition == "Serenity"

    @property
    def enterprise(self) -> bool:
        """Whether it is an Enterprise Edition, with rights on products and ``metadata``."""
        return self.edition != "CE"

    @property
    def tables(self) -> bool:
        """Table attributes came with 6.0, in the Enterprise and Growth Editions."""
        return self.enterprise and self.since(6)

    @property
    def by_uuid(self) -> bool:
        """Products have a uuid, an optional identifier and ``/products-uuid`` (7.0)."""
        return self.since(7)

    @property
    def plain_search_after(self) -> bool:
        """The cursor is the last identifier, not an encrypted row id (6.0, PIM-10182)."""
        return self.since(6)

    @property
    def catches_too_many_pages(self) -> bool:
        """Whether a page beyond 10,000 items is a 422.

        LibrePIM catches the exception of OpenSearch, but gets that of Elasticsearch, so it is a 500
        (ListProductsByUuidController, SearchEngineExceptionTranslator; read, not run).
        """
        return self.name != "librepim-8"

    @property
    def converts_category_dates(self) -> bool:
        """Whether ``updated`` of categories is right in any time zone.

        Later versions parse the column, which is in UTC, in the zone of the server
        (ServiceApi/ExternalApiCategory). 7.0 only does so for enriched categories, which are off
        (ListCategoriesController).
        """
        return not self.since(8)

    @property
    def breaks_on_nameless_quantities(self) -> bool:
        """Whether a quantified association to a product without identifier makes a 500.

        The mapping by uuid came with 7.0.28 (PIM-11172) and is missing on master and in LibrePIM
        (Storage/Sql/*/QuantifiedAssociation, IdMapping; read, not run).
        """
        return self.name in {"ce-master", "librepim-8"}

    @property
    def quantified_associations(self) -> bool:
        """Quantified associations came with 5.0."""
        return self.since(5)

    @property
    def completenesses(self) -> bool:
        """``with_completenesses`` came with 6.0."""
        return self.since(6)

    @property
    def utc_clock_with_server_offset(self) -> bool:
        """Product dates carry the UTC clock with the server's offset (#13892)."""
        return not self.since(6)


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("pim-3", 3, "3.2.85", "EE"),
        Profile("ce-4", 4, "4.0.120", "CE"),
        Profile("ce-5", 5, "5.0.118", "CE"),
        Profile("ce-6", 6, "6.0.90", "CE"),
        # 7.0 has the code of catalogs for apps, but the feature is disabled (recorded on 7.0.22).
        Profile("ce-7", 7, "7.0.22", "CE", off=frozenset({"catalogs"})),
        Profile("ee-7", 7, "7.0.22", "EE", off=frozenset({"catalogs"})),
        # By its release notes, 2026.4 is 7.0 with newer PHP, MySQL and Elasticsearch; the version
        # that it answers is a guess (akeneo/pim-community-dev#20630, #20607, #20611, #20632).
        Profile("ce-2026", 7, "v2026.4", "CE", off=frozenset({"catalogs"})),
        Profile("ce-master", 8, "master", "CE"),
        # A fork of master of April 2024 (read in jugendra-webkul/librepim-dev, 5129f680d95).
        Profile("librepim-8", 8, "8.1.0", "CE"),
        Profile("saas", 8, "20240415010203", "Serenity", off=frozenset({"published_products"})),
    )
}
ALL = frozenset(PROFILES)
NONE: frozenset[str] = frozenset()
ENTERPRISE = frozenset(name for name, profile in PROFILES.items() if profile.enterprise)
SAAS = frozenset({"saas"})


def since(major: int) -> frozenset[str]:
    """Return the names of a major version and the later ones."""
    return frozenset(name for name, profile in PROFILES.items() if profile.since(major))


def before(major: int) -> frozenset[str]:
    """Return the names of the versions before a major version."""
    return ALL - since(major)
