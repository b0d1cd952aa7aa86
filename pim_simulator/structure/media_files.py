"""Media files of the catalogue."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from pim_simulator.database.random_numbers import SeededRandom
from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import PREFIX, Request, Response, encode, json_response
from pim_simulator.http.pages import offset_page
from pim_simulator.http.paging import path_link, read_paging

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import MediaFile
    from pim_simulator.http.resource import Resource

_SWAPS = 0.1  # share of the media files that change places with their neighbour


class MediaFiles:
    """Lists media files, and sends their content."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim
        self._random = SeededRandom(f"media/{pim.seed}")

    def respond(self, resource: Resource, action: str, request: Request) -> Response:
        """Return the response to a request."""
        if action == "list":
            return self._page(request)
        code = request.parts["code"]
        file = self._pim.store.media_files.get(code)
        # The generated catalogue has no media files of categories.
        if file is None or resource.path != "media-files":
            raise ApiError(404, f'Media file "{code}" does not exist.')
        if action == "get":
            body = _body(file, request.base)
            # Links come last here (recorded on 7.0.84).
            download = body.pop("_links")["download"]
            return json_response({**body, "_links": {"download": download}})
        return Response(
            200,
            b"%s: " % file.mime_type.encode() + file.code.encode(),
            {
                "content-type": file.mime_type,
                "content-disposition": f'attachment; filename="{file.original_filename}"',
            },
        )

    def _page(self, request: Request) -> Response:
        """Return a page of media files, which have no ``ORDER BY``.

        MySQL may return the rows in a different order each time. With `shuffle_media_files`,
        some neighbours change places, so that pages overlap and leave gaps.
        """
        paging = read_paging(request.query, search_after_allowed=False)
        files = list(self._pim.store.media_files.values())
        if self._pim.shuffle_media_files:
            for left, right in itertools.pairwise(range(len(files))):
                if self._random.chance(_SWAPS):
                    files[left], files[right] = files[right], files[left]
        page = files[paging.offset : paging.offset + paging.limit]
        items = [encode(_body(file, request.base)) for file in page]
        return offset_page(request, paging, items, len(files))


def _body(file: MediaFile, base: str) -> dict[str, Any]:
    own = path_link(base, f"{PREFIX}/media-files/{file.code}")
    return {
        "_links": {"self": {"href": own}, "download": {"href": f"{own}/download"}},
        "code": file.code,
        "original_filename": file.original_filename,
        "mime_type": file.mime_type,
        "size": file.size,
        "extension": file.extension,
    }
