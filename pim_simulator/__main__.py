"""Serve a simulated PIM from the command line: ``python -m pim_simulator``."""

from __future__ import annotations

import argparse
import base64
import json
import shlex
import sys
import threading
from datetime import timedelta

from pim_simulator import PROFILES, SimulatedPim, serve

_OPTIONS: tuple[tuple[str, str | float, str], ...] = (
    ("--seed", 1, "seed of the catalogue"),
    ("--products", 250, "how many products"),
    ("--asset-families", 3, "how many, in editions that have them"),
    ("--reference-entities", 3, "how many, in editions that have them"),
    ("--records", 40, "how many per reference entity and asset family"),
    ("--host", "127.0.0.1", "address to listen at"),
    ("--port", 8080, "port to listen at; 0: a free one"),
    ("--timezone", "UTC", "time zone of the server"),
    ("--clock-offset", 0.0, "seconds by which its clock is ahead"),
    ("--latency", 0.0, "seconds by which each response is delayed"),
    ("--index-lag", 0.0, "seconds until a write shows in the index"),
)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pim_simulator",
        description="Serve a simulated Akeneo PIM until Ctrl-C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--profile", choices=list(PROFILES), default="ce-7", help="version")
    for name, default, text in _OPTIONS:
        add(name, type=type(default), default=default, help=text)
    add("--links-base", help="scheme and host that the PIM puts into links")
    add("--shuffle-media-files", action="store_true", help="list media files in no fixed order")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    options = vars(_arguments(arguments))
    host, port = options.pop("host"), options.pop("port")
    offset = timedelta(seconds=options.pop("clock_offset"))
    pim = SimulatedPim(**options, clock_offset=offset)
    with serve(pim, host=host, port=port) as url:
        try:
            sys.stdout.write(_welcome(pim, url))
            sys.stdout.flush()
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\nStopped.\n")


def _welcome(pim: SimulatedPim, url: str) -> str:
    known = pim.credentials
    client = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
    body = {name: known[name] for name in ("username", "password")}
    login = json.dumps({"grant_type": "password", **body})
    resource = "products-uuid" if pim.profile.by_uuid else "products"
    list_url = f"{url}/api/rest/v1/{resource}?pagination_type=search_after&limit=2"
    lines = [f"Akeneo PIM ({pim.profile.name}) at {url}", ""]
    settings = {"base_url": url, **known}
    lines += [
        f"export TAP_AKENEO_{name.upper()}={shlex.quote(value)}" for name, value in settings.items()
    ]
    if "catalogs" in pim.features:
        lines.append(
            f"# As an app, instead of the last four: TAP_AKENEO_ACCESS_TOKEN={pim.app_token}"
        )
    lines += [
        "",
        f"TOKEN=$(curl -s {url}/api/oauth/v1/token -H 'Authorization: Basic {client}' \\",
        f"  -H 'Content-Type: application/json' -d '{login}' \\",
        "  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])')",
        f"curl -s -H 'Authorization: Bearer '$TOKEN '{list_url}'",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
