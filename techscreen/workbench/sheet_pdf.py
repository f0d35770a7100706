"""The sheet as a PDF: its page in HTML comes in, the document goes out. Made by WeasyPrint, where that is installed.

Nothing is fetched, neither from the network nor from files: the page's own stylesheet is handed over, everything else
is refused.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from techscreen.errors import TechScreenError
from techscreen.workbench.rendering import STATIC_FOLDER

if TYPE_CHECKING:
    from weasyprint import Document

Paper = Literal["a4", "letter"]

STYLESHEET = "sheet.css"
SIZES: dict[Paper, str] = {"a4": "A4", "letter": "letter"}
# Running elements instead of a table's repeated head, and normal flow instead of boxes that fill a page: both are
# what WeasyPrint lays out quickly and breaks well.
PAPER_STYLE = """
@page {{
  size: {size}; margin: 24mm 14mm 14mm !important;
  @top-left {{ content: element(mark); width: 100%; padding-bottom: 3mm; vertical-align: bottom }}
}}
.sheet, .sheet > tbody, .sheet > * > tr, .sheet > * > tr > td {{ display: block !important }}
.sheet > thead.mark {{ display: block !important; position: running(mark) }}
.sheet .mark-box {{ margin: 0 !important }}
.sheet .page {{ display: block !important; min-height: 0 !important; break-inside: auto !important }}
.sheet .lines {{ position: static !important }}
.sheet .lines i:nth-child(n + 4) {{ display: none !important }}
"""
NOTES_STYLE = """
#{name} {{ height: {height:.1f}px }}
#{name} .lines i {{ display: block !important }}
#{name} .lines i:nth-child(n + {too_many}) {{ display: none !important }}
"""
# In CSS pixels, as all that WeasyPrint tells.
MARGIN_BOTTOM = 14 * 96 / 25.4
LINE = 7.5 * 96 / 25.4
ROUNDING = 2


class PdfUnavailable(TechScreenError):
    """What makes PDFs is not installed."""

    status, code = 501, "pdf_unavailable"


def sheet_pdf(html: str, base: str, paper: Paper = "a4") -> bytes:
    """The sheet as a PDF.

    Args:
        html: the page of the sheet.
        base: its address, for the link to its stylesheet.

    Raises:
        PdfUnavailable: if WeasyPrint or what it needs of the system is not installed.
    """
    pdf: bytes = sheet_document(html, base, paper).write_pdf()
    return pdf


def sheet_document(html: str, base: str, paper: Paper = "a4") -> Document:
    """The same, laid out in pages but not yet written."""
    style = PAPER_STYLE.format(size=SIZES[paper])
    heights = _roomy_notes(_laid_out(html, base, style))
    return _laid_out(html, base, style + "".join(_roomy(name, height) for name, height in heights.items()))


def _laid_out(html: str, base: str, style: str) -> Document:
    weasyprint, fetcher = _weasyprint(), _own_stylesheet()
    page = weasyprint.HTML(string=html, base_url=base, url_fetcher=fetcher)
    return page.render(stylesheets=[weasyprint.CSS(string=style, url_fetcher=fetcher)])


def _roomy_notes(document: Document) -> dict[str, float]:
    """How high the room for notes of each section can be, so that its page is full.

    Notes that do not end on the page that their section ends on are left out.
    """
    heights: dict[str, float] = {}
    for page in document.pages:
        for name, (_, top, _, bottom) in page.anchors.items():
            end = page.anchors.get(f"{name}-end")
            if name.startswith("notes-") and end is not None:
                heights[name] = bottom - top + page.height - MARGIN_BOTTOM - end[1] - ROUNDING
    return heights


def _roomy(name: str, height: float) -> str:
    return NOTES_STYLE.format(name=name, height=height, too_many=int(height / LINE) + 1)


def _weasyprint() -> Any:
    for name in ("weasyprint", "weasyprint.progress"):
        # While it is imported, too, it would tell of each step, and of what in the stylesheet is for screens alone.
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        import weasyprint  # here: it is large, and not everybody has it
    except (ImportError, OSError):  # OSError: without the system's libraries for laying out text
        raise PdfUnavailable(
            "PDFs cannot be made here. Print the page instead, or have WeasyPrint installed: pip install -r "
            "requirements-pdf.txt, and Debian's libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0."
        ) from None
    return weasyprint


def _own_stylesheet() -> Any:
    """What fetches for WeasyPrint: the stylesheet from the package, and nothing else from anywhere."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class OwnStylesheet(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002  # as it is called
            if urlsplit(url).path.rsplit("/", 1)[-1] != STYLESHEET:
                raise FatalURLFetchingError(f"The sheet needs nothing from {url}.")
            return URLFetcherResponse(url, (STATIC_FOLDER / STYLESHEET).read_bytes(), {"Content-Type": "text/css"})

    return OwnStylesheet()
