"""The host's own error pages, in HTML."""

from flask import Flask


def register(app: Flask) -> None:
    app.register_error_handler(404, lambda error: ("<h1>The host has no such page</h1>", 404))
    app.register_error_handler(500, lambda error: ("<h1>The host is sorry</h1>", 500))
