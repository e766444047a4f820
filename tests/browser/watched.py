"""A page opened in a browser, and what it does."""

from pathlib import Path
from typing import Any

PATIENCE = 60_000  # milliseconds


class Watched:
    """A page opened from disk, with all that it said, asked for and popped up."""

    def __init__(self, browser: Any, file: Path, width: int = 1280, theme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, offline=True
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", self._dismiss)
        self.page.goto(file.as_uri())

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def asked_of_others(self, file: Path) -> list[str]:
        """Return the addresses it asked for, but for itself, what it holds, and files below its folder."""
        beside = f"{file.parent.as_uri()}/"
        return [url for url in self.asked if not url.startswith(("data:", beside))]

    def close(self) -> None:
        """Close it."""
        self.context.close()
