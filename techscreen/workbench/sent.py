"""What a form of a page has sent: its fields come in, texts as the services take them go out."""

from __future__ import annotations

from flask import request


def text_sent(name: str) -> str:
    """A field, with the line ends of a text. Empty if it was not sent."""
    return request.form.get(name, "").replace("\r\n", "\n")


def optional_text_sent(name: str) -> str | None:
    """A field, or None if it is blank."""
    text = text_sent(name)
    return text if text.strip() else None


def tags_sent() -> list[str]:
    """The tag of what the form was made from. Without one the form fits no state, and nothing is changed."""
    return [tag] if (tag := request.form.get("etag", "").strip()) and tag != "*" else []
