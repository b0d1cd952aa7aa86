"""The SDK's own test suites over a simulated PIM."""

from __future__ import annotations

import atexit

from singer_sdk.testing import SuiteConfig, get_tap_test_class

from pim_simulator import SimulatedPim, serve
from tap_akeneo.tap import TapAkeneo
from tests.support import settings_for

# The SDK discovers when its test class is made, so the PIM must answer from then on.
_pim = SimulatedPim(profile="saas", seed=1, products=30)
_served = serve(_pim)
_served.__enter__()
atexit.register(_served.__exit__, None, None, None)

# It reads every stream, so every stream must be selected, those off by default too.
_catalog = TapAkeneo(config=settings_for(_pim)).catalog_dict
for _entry in _catalog["streams"]:
    for _metadata in _entry["metadata"]:
        _metadata["metadata"]["selected"] = True

TestTapAkeneo = get_tap_test_class(
    TapAkeneo,
    config=settings_for(_pim),
    suite_config=SuiteConfig(),
    parse_env_config=False,
    catalog=_catalog,
)
