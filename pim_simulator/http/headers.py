"""Redirects and caching headers, as Symfony sets them in each version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pim_simulator.http.messages import Response

if TYPE_CHECKING:
    from pim_simulator.database.profiles import Profile
    from pim_simulator.http.messages import Request

_NO_CACHE = "no-cache, private"
_REVALIDATE = "max-age=0, must-revalidate, private"
_PAGE = """<!DOCTYPE html>
<html>
    <head>
        <meta charset="UTF-8" />
        <meta http-equiv="refresh" content="0;url='{url}'" />

        <title>Redirecting to {url}</title>
    </head>
    <body>
        Redirecting to <a href="{url}">{url}</a>.
    </body>
</html>"""


def without_slash(request: Request) -> Response:
    """Redirect a path with a slash at its end to the one without (recorded: 301)."""
    url = request.base + request.path.rstrip("/")
    if request.raw_query:
        url += f"?{request.raw_query}"
    headers = {"content-type": "application/json", "location": url}
    return Response(301, _PAGE.format(url=url).encode(), headers)


def with_cache_control(
    response: Response, profile: Profile, *, token: bool, root: bool
) -> Response:
    """Add ``Cache-Control`` as recorded.

    Symfony 4.4 (PIM 5.0) revalidates what may have read a session. Later versions do so for
    the list of routes and, up to 7.0, for tokens. What holds a token is never stored.
    """
    session = root or (token and not profile.since(8)) or not profile.since(6)
    control = _REVALIDATE if session else _NO_CACHE
    if (token and response.status == 200) or "www-authenticate" in response.headers:  # noqa: PLR2004
        control = "no-store, private"
        if session:
            control = "max-age=0, must-revalidate, no-store, private"
    if response.status == 301 and profile.since(6):  # noqa: PLR2004 - it has none
        return response
    return Response(
        response.status, response.content, {**response.headers, "cache-control": control}
    )
