"""Finds secrets of simulated PIMs in the tap's output, in any encoding."""

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
"""Secrets that all simulated PIMs share: credentials and secret data."""

TOKEN = re.compile(r"(?:[MNOYZ][DGTWjmz2][A-Za-z0-9][h-mw-z0-5]){21}[MNOYZ][AQgw]")
"""Matches any token of a simulated PIM: 64 hexadecimal digits in base64."""


def leaks(output: str, secrets: Iterable[str] = ()) -> set[str]:
    """Return the secrets that a text contains.

    Args:
        output: The text to search.
        secrets: Secrets in addition to the simulated PIMs' credentials, data, and tokens.
    """
    found = {secret for secret in {*SECRETS, *secrets} if any(f in output for f in _forms(secret))}
    return found | set(TOKEN.findall(output))


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as plain text, in JSON, in a URL, and as part of a longer base64 text."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    for encode in (b64encode, urlsafe_b64encode):
        # Base64 encodes three bytes as four characters, so a secret can have three encodings. Its
        # first and last characters also depend on the neighbouring bytes and are left out.
        for start in range(3):
            whole = encode(b"\0" * start + secret.encode())
            first = 0 if start == 0 else 4
            last = (start + len(secret.encode())) // 3 * 4
            yield whole[first:last].decode()
