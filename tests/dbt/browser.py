"""A browser without a window: Chromium or Chrome, by Selenium."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MISSING = "There is no browser. On Debian: apt-get install chromium chromium-driver"
DRIVER = "chromedriver"


class Browser:
    """A browser that shows a page.

    Args:
        driver: The running browser.
    """

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def resize(self, width: int) -> None:
        """Show the page in a window, or on a telephone, of another width."""
        self._driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700},
        )

    def prefer(self, scheme: str, media: str = "") -> None:
        """Prefer light or dark pages; or show the page on a medium, such as `print`."""
        self._driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )

    def value(self, expression: str) -> Any:
        """Return the value of an expression in JavaScript."""
        return self._driver.execute_script(f"return {expression}")

    def is_visible(self, selector: str) -> bool:
        """Return whether an element is visible."""
        return self._driver.find_element(By.CSS_SELECTOR, selector).is_displayed()

    def console(self) -> list[str]:
        """Return what has been written to the console since the last call, such as errors."""
        return [entry["message"] for entry in self._log("browser")]

    def requested(self) -> list[str]:
        """Return the addresses that have been requested since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries


@contextmanager
def opened(page: Path) -> Iterator[Browser]:
    """Open a file.

    Raises:
        OSError: If there is no browser.
    """
    program = shutil.which(DRIVER)
    if program is None:
        raise OSError(MISSING)
    options = webdriver.ChromeOptions()
    # Chromium's sandbox needs rights that root in a container does not have.
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1200,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(program))
    try:
        driver.get(page.as_uri())
        yield Browser(driver)
    finally:
        driver.quit()
