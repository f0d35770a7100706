"""The host's own settings. Some have the names of ours and another meaning."""

import os

SECRET_KEY = "the host's own"
SQLALCHEMY_DATABASE_URI = os.environ["HOST_DATABASE_URL"]
LOG_LEVEL = 10
# Ours.
TABLE_PREFIX = "ts_"
CLAUDE_MODE = "offline"
FLASK_ENV = "development"
RATE_LIMIT = "40 per minute"
EDITOR_ROLES = "recruiting_lead"
