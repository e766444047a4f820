"""The finding above a figure as text: a drawing has it as glyphs, with the words beside them."""

from xml.etree import ElementTree
from xml.sax.saxutils import unescape

from advex.common.errors import UserError

_GROUP = "{http://www.w3.org/2000/svg}g"


def finding(svg: str, name: str) -> str:
    """Return the title of a figure that :func:`advex.draw.style.save` wrote.

    A title is the first text that belongs to the figure itself rather than to a panel; matplotlib writes each
    line of a text as a comment before its glyphs (escaped as text would be, and two hyphens apart).

    Args:
        svg: the drawing.
        name: what it is called in messages.

    Raises:
        UserError: it is no such drawing, or has no title.
    """
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    try:
        figure = ElementTree.fromstring(svg, parser).find(f"{_GROUP}[@id='figure_1']")
    except ElementTree.ParseError as error:
        raise UserError(f"{name}: not a drawing: {error}") from error
    texts = [] if figure is None else [part for part in figure if part.get("id", "").startswith("text_")]
    words = [(line.text or "").strip() for line in texts[0] if _is_comment(line)] if texts else []
    if not words:
        raise UserError(f"{name}: a drawing without a title; draw it again")
    return unescape(" ".join(words))


def _is_comment(element: ElementTree.Element) -> bool:
    return element.tag is ElementTree.Comment  # type: ignore[comparison-overlap]
