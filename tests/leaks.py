"""Finds the secrets of simulated PIMs in what the tap puts out, in whatever form."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

from pim_simulator import SimulatedPim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PIM = SimulatedPim("saas", products=1)
SECRETS = frozenset(
    {_PIM.credentials["client_secret"], _PIM.credentials["password"], *_PIM.secrets}
)
"""What is the same in every simulated PIM: credentials, and secrets among its data."""

TOKEN = re.compile(r"(?:[MNOYZ][DGTWjmz2][A-Za-z0-9][h-mw-z0-5]){21}[MNOYZ][AQgw]")
"""Any token of any simulated PIM: they are the base64 of 64 hexadecimal digits."""


def leaks(output: str, secrets: Iterable[str] = ()) -> set[str]:
    """What a text tells of secrets.

    Args:
        output: The text.
        secrets: What is secret besides the simulated PIMs' credentials, data and tokens.
    """
    found = {secret for secret in {*SECRETS, *secrets} if any(f in output for f in _forms(secret))}
    return found | set(TOKEN.findall(output))


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, in JSON, in an address, and inside a longer text in base64."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    for encode in (b64encode, urlsafe_b64encode):
        # Of three bytes base64 makes four characters, so there are three ways to hold a secret;
        # its first and last characters share theirs with what stands beside it.
        for start in range(3):
            whole = encode(b"\0" * start + secret.encode())
            first = 0 if start == 0 else 4
            last = (start + len(secret.encode())) // 3 * 4
            yield whole[first:last].decode()
