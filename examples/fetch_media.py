"""Fetch the media files of an Akeneo PIM that a folder or a bucket does not have yet.

Standard input has the addresses of the files, one per line; docs/media.md explains it:

    TAP_AKENEO_BASE_URL=… TAP_AKENEO_CLIENT_ID=… python fetch_media.py s3://bucket/media < addresses
"""

# ruff: noqa: INP001 (a single file to copy, not a package)

import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import fsspec

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.tap import TapAkeneo

PIM = TapAkeneo(parse_env_config=True, setup_mapper=False).pim
FILES, FOLDER = fsspec.url_to_fs(sys.argv[1])


def fetch(address: str) -> bool:
    """Fetch one file unless it exists. Return whether it exists now."""
    path = address.partition("/api/rest/v1/")[2]
    name = unquote(path).removesuffix("/download")
    target = f"{FOLDER}/{name}"
    if not path or ".." in name.split("/"):
        sys.stderr.write(f"{address}: this is not the address of a file\n")
        return False
    if FILES.exists(target):
        return True
    try:
        content = PIM.get(path, bytes)
    except AkeneoError as error:
        sys.stderr.write(f"{error}\n")
        return False
    FILES.makedirs(target.rpartition("/")[0], exist_ok=True)
    # If the script is killed, an incomplete file does not have the final name.
    FILES.pipe_file(f"{target}.part", content)
    FILES.mv(f"{target}.part", target)
    return True


addresses = dict.fromkeys(filter(None, map(str.strip, sys.stdin)))
with ThreadPoolExecutor(max_workers=4) as threads:
    fetched = list(threads.map(fetch, addresses))
sys.exit(0 if all(fetched) else 1)
