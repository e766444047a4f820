"""Pages in Markdown."""


def cell(text: str) -> str:
    """Return text for a cell of a table: on one line, and without the mark that ends a cell."""
    return " ".join(text.replace("|", "\\|").split())
