"""Markdown to HTML that is safe to show: a text of anybody comes in, harmless mark-up goes out."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

# Raw HTML in the text is shown as text.
_parser = MarkdownIt("commonmark", {"html": False}).enable("table")
TAGS = {
    *"p br hr h1 h2 h3 h4 h5 h6 ul ol li strong em code pre blockquote a".split(),
    *"table thead tbody tr th td".split(),
}


def markdown_to_html(text: str) -> str:
    """A Markdown text as HTML, without images, scripts or styles. Links lead to the web or to a mailbox."""
    return nh3.clean(
        _parser.render(text), tags=TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}
    )
