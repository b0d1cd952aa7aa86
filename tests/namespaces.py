"""Namespaces of the kernel, in which a test runs a program as a container does."""

from __future__ import annotations

import subprocess

_AS_ROOT, _AS_ANYONE = ["unshare"], ["unshare", "--user", "--map-root-user"]


def namespace(*options: str) -> list[str]:
    """Return the command before a program that runs it in namespaces of its own.

    It is empty if the kernel allows none, as in some containers. The program is then run without.

    Args:
        options: Those of `unshare`.
    """
    for command in (_AS_ROOT, _AS_ANYONE):
        whole = [*command, *options]
        if not subprocess.run([*whole, "true"], check=False, capture_output=True).returncode:  # noqa: S603
            return whole
    return []
