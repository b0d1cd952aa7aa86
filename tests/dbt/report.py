"""The page that `dbt --quiet run-operation akeneo.report` writes, parsed as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import html5lib

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

COMMAND = ("--quiet", "run-operation", "akeneo.report")


class Report:
    """A page.

    Args:
        text: The HTML.

    Raises:
        ParseError: If it is not valid.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
            text
        )

    def tags(self) -> set[str]:
        """Return the names of all elements."""
        return {str(element.tag) for element in self._tree.iter()}

    def addresses(self) -> set[str]:
        """Return the addresses of all links, pictures and whatever else has one."""
        return {
            address
            for element in self._tree.iter()
            for name, address in element.attrib.items()
            if name in {"href", "src"}
        }

    def words(self, path: str) -> str:
        """Return the text of an element, such as of a section: `section[@id='deleted']`."""
        return _text(self._find(path))

    def tiles(self) -> dict[str, str]:
        """Return the numbers on top, by what they count."""
        tiles = self._find("dl")
        return {
            _text(tile.findall("dt")[0]): _text(tile.findall("dd")[0])
            for tile in tiles.findall("div")
        }

    def table(self, section: str, number: int = 0) -> list[dict[str, str]]:
        """Return the rows of a table.

        Args:
            section: The id of its section.
            number: Which table of the section.
        """
        tables = self._find(f"section[@id='{section}']").findall("table")
        if len(tables) <= number:
            return []
        head, *rows = [
            [_text(cell) for cell in row if cell.tag in {"th", "td"}]
            for row in tables[number].iter("tr")
        ]
        return [dict(zip(head, row, strict=True)) for row in rows]

    def charts(self) -> dict[str, str]:
        """Return what screen readers say of each chart, by its title."""
        return dict(
            chart.attrib["aria-label"].split(": ", 1)
            for chart in self._find("section[@id='over-time']").iter()
            if "aria-label" in chart.attrib
        )

    def _find(self, path: str) -> Element:
        found = self._tree.find(f".//{path}")
        assert found is not None, path
        return found


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
