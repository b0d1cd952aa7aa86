"""A server that answers like the Akeneo PIM's REST API, for tests, demos and benchmarks.

Example:
    >>> from pim_simulator import SimulatedPim, serve
    >>> pim = SimulatedPim("ce-7", seed=1, products=250)
    >>> with serve(pim) as url:
    ...     ...  # ask it: `pim.credentials` has what a client needs
"""

from __future__ import annotations

from pim_simulator.profiles import PROFILES, Profile
from pim_simulator.server import serve
from pim_simulator.simulator import SimulatedPim

__all__ = ["PROFILES", "Profile", "SimulatedPim", "serve"]
