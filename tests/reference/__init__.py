"""Facts of Akeneo's descriptions of its API, and what they show is missing here."""
