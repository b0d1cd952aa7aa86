"""The discovered catalog; any change to it affects every target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from tap_akeneo.tap import TapAkeneo
from tests.support import settings_for

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


def catalog(pim: SimulatedPim) -> dict[str, Any]:
    tap = TapAkeneo(config=settings_for(pim, with_personal_data=True))
    return {entry["tap_stream_id"]: entry for entry in tap.catalog_dict["streams"]}


def test_the_catalog_of_the_newest_pim(
    start_pim: StartPim, snapshot_json: SnapshotAssertion
) -> None:
    for name, entry in catalog(start_pim("saas")).items():
        assert entry == snapshot_json(name=name)


def test_keys_and_replication_of_each_version(
    any_pim: SimulatedPim, snapshot_json: SnapshotAssertion
) -> None:
    names = ("key_properties", "replication_key", "replication_method")
    offered = {
        name: {key: entry.get(key) for key in names} for name, entry in catalog(any_pim).items()
    }
    assert offered == snapshot_json(name=any_pim.profile.name)


def test_everything_but_keys_and_scores_is_selected_by_default(start_pim: StartPim) -> None:
    left_out = {
        name
        for name, entry in catalog(start_pim()).items()
        if not entry["metadata"][-1]["metadata"].get("selected-by-default", True)
    }
    assert left_out == {
        *("product_keys", "product_model_keys", "category_keys"),
        *("product_scores", "product_model_scores"),
    }
