"""Where log lines go and what they look like, in our own app. A host app keeps its own logging."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

from pythonjsonlogger.json import JsonFormatter

from config import Settings
from techscreen.observability.request_id import current_request_id

TEXT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
# The extra fields that a text line shows after its message; a JSON line has all of them.
SHOWN_FIELDS = ("user_id", "req_id", "client", "cause", "detail")
MAX_FILE = 10_000_000
KEPT_FILES = 5
# At DEBUG these log prompts, and with them job descriptions.
LOGS_PROMPTS = ("anthropic", "httpx2", "httpcore2")
# How Flask's own server words its line for each request. Ours says more, and one is enough.
WERKZEUG_REQUEST = '"%s" %s %s'
# Logs a line for each of its plugins.
NOISY = ("alembic.runtime.plugins",)


def configure_logging(settings: Settings) -> None:
    """Log to the console, and to LOG_FILE if there is one. Calling it again replaces the earlier set-up."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if settings.log_file is not None:
        handlers.append(
            RotatingFileHandler(settings.log_file, maxBytes=MAX_FILE, backupCount=KEPT_FILES, encoding="utf-8")
        )
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.get_name() == __name__]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.set_name(__name__)
        handler.addFilter(_add_request_id)
        handler.setFormatter(_formatter(settings))
        root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in (*LOGS_PROMPTS, *NOISY):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("werkzeug").addFilter(_is_no_request_line)  # the same filter again changes nothing


class _TextFormatter(logging.Formatter):
    """Lines for people. Values chosen by callers are escaped, so that they cannot pass for another line."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        shown = ((name, getattr(record, name, None)) for name in SHOWN_FIELDS)
        return super().formatMessage(record) + "".join(f" {name}={value!r}" for name, value in shown if value)


def _formatter(settings: Settings) -> logging.Formatter:
    if settings.log_format == "text":
        return _TextFormatter(TEXT)
    return JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        json_ensure_ascii=False,
    )


def _is_no_request_line(record: logging.LogRecord) -> bool:
    return not str(record.msg).endswith(WERKZEUG_REQUEST)


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = current_request_id() or "-"
    return True
