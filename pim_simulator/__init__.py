"""A server that behaves like the Akeneo PIM's REST API, for tests, demos and benchmarks.

Example:
    >>> from pim_simulator import SimulatedPim, serve
    >>> pim = SimulatedPim("ce-7", seed=1, products=250)
    >>> with serve(pim) as url:
    ...     ...  # send requests with `pim.credentials`
"""

from __future__ import annotations

from pim_simulator.database.profiles import PROFILES, Profile
from pim_simulator.simulator import SimulatedPim, serve

__all__ = ["PROFILES", "Profile", "SimulatedPim", "serve"]
