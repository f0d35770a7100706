"""A guard for all tests: they see none of the developer's own settings, and none of their calls can cost money."""

from __future__ import annotations

import os
import tempfile

import config

for name in [*config.Settings.model_fields, "anthropic_api_key", "anthropic_auth_token", "anthropic_base_url"]:
    os.environ.pop(name.upper(), None)
os.environ["FLASK_ENV"] = "testing"
# A folder of its own: deferred writes that one run leaves behind must not reach the next.
os.environ["SPOOL_DIR"] = f"{tempfile.gettempdir()}/techscreen-spool-of-tests-{os.getpid()}"
# For code that would build an SDK client without our settings.
os.environ["ANTHROPIC_API_KEY"] = "a-key-that-buys-nothing"
os.environ["ANTHROPIC_BASE_URL"] = config.NOWHERE
config.DatabaseSettings.model_config["env_file"] = None
defaults = config.load_settings.__kwdefaults__
assert defaults is not None
defaults["env_file"] = None
