"""Pages opened in Chromium, with all that goes wrong in them written down."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tinyxm.steps.page import to_html

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


@contextmanager
def launched() -> Iterator[Any]:
    """A browser; the test is skipped where playwright or Chromium is missing."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: apt-get install chromium")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


class Opened:
    """The page of a trace. `problems` holds what the console, the scripts and the network said against it."""

    def __init__(self, browser: Any, folder: Path, trace: Mapping[str, Any], address: str = "", **context: Any):
        self.file = folder / "step.html"
        self.file.write_text(to_html(trace), "utf-8")
        self.url = self.file.as_uri()
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.goto(self.url + address)
        self.page.wait_for_selector("[data-ready]")

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *error: Any) -> None:
        self.context.close()

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if request.url.partition("#")[0] != self.url:
            self.problems.append(f"request: {request.url}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        return self.page.text_content(selector)

    def wait(self, expression: str, value: Any, seconds: float = 5) -> None:
        """Until an expression has this value; the page's policy forbids the driver's own way of waiting."""
        end = time.monotonic() + seconds
        while (found := self.page.evaluate(expression)) != value:
            assert time.monotonic() < end, f"{expression} is {found!r}; expected {value!r}"
            time.sleep(0.02)

    @property
    def operation(self) -> int:
        """The number of the operation that is shown, as the list marks it."""
        return int(self.page.get_attribute('[data-op][aria-selected="true"]', "data-op"))
