"""The PIM versions which can be simulated, and what each of them has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One version of the PIM.

    Attributes:
        name: Name by which a user chooses it.
        major: Major version; the SaaS edition counts as the one after 7.
        version: What ``/system-information`` says.
        edition: What ``/system-information`` says.
        features: Features of the Enterprise Edition that it has; `SimulatedPim.features`
            has those that are switched on.
        off: Those of them that are off unless someone switches them on.
    """

    name: str
    major: int
    version: str
    edition: str
    features: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()

    def since(self, major: int) -> bool:
        """Return whether it is a version or a later one."""
        return self.major >= major

    @property
    def saas(self) -> bool:
        """Whether it is the hosted edition, which has newer keys."""
        return self.since(8)

    @property
    def enterprise(self) -> bool:
        """Whether it is an Enterprise Edition, with rights on products and ``metadata``."""
        return "drafts" in self.features

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
        """``search_after`` is the last identifier, no encrypted key (PIM-10182)."""
        return self.since(6)

    @property
    def measurement_families(self) -> bool:
        """``/measurement-families`` came with 5.0."""
        return self.since(5)

    @property
    def quantified_associations(self) -> bool:
        """Quantified associations came with 5.0."""
        return self.since(5)

    @property
    def attribute_options_in_products(self) -> bool:
        """``with_attribute_options`` came with 5.0."""
        return self.since(5)

    @property
    def system_information(self) -> bool:
        """``/system-information`` came with 6.0."""
        return self.since(6)

    @property
    def completenesses(self) -> bool:
        """``with_completenesses`` came with 6.0."""
        return self.since(6)

    @property
    def category_updated(self) -> bool:
        """Categories show ``updated`` and can be searched by it from 6.0 on."""
        return self.since(6)

    @property
    def utc_clock_with_server_offset(self) -> bool:
        """Product dates carry the UTC clock with the server's offset (#13892)."""
        return not self.since(6)

    @property
    def product_permissions(self) -> bool:
        """``pim_api_product_list`` and its like came with 6.0."""
        return self.since(6)

    @property
    def delete_product_models(self) -> bool:
        """``DELETE /product-models/{code}`` came with 6.0."""
        return self.since(6)


_LIBRARIES = frozenset({"reference_entities", "assets"})
_ENTERPRISE = _LIBRARIES | {"drafts", "published_products"}
_SAAS = _ENTERPRISE | {
    *("workflows", "rules", "data_model_designer", "catalogs", "ui_extensions", "http_hooks")
}

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("pim-3", 3, "3.2.85", "EE", _ENTERPRISE | {"pam"}),
        Profile("ce-4", 4, "4.0.120", "CE"),
        Profile("ce-5", 5, "5.0.110", "CE"),
        Profile("ce-6", 6, "6.0.77", "CE"),
        Profile("ce-7", 7, "7.0.30", "CE"),
        Profile("ee-7", 7, "7.0.30", "EE", _ENTERPRISE),
        Profile("saas", 8, "20240415010203", "Serenity", _SAAS, frozenset({"published_products"})),
    )
}
