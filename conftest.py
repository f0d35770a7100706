"""A guard for all tests: no developer's setting reaches them, and no call of theirs can be paid for."""

from __future__ import annotations

import os

import config

for name in [*config.Settings.model_fields, "anthropic_api_key", "anthropic_auth_token", "anthropic_base_url"]:
    os.environ.pop(name.upper(), None)
os.environ["FLASK_ENV"] = "testing"
# For code that would build an SDK client past our settings.
os.environ["ANTHROPIC_API_KEY"] = "a-key-that-buys-nothing"
os.environ["ANTHROPIC_BASE_URL"] = config.NOWHERE
config.DatabaseSettings.model_config["env_file"] = None
defaults = config.load_settings.__kwdefaults__
assert defaults is not None
defaults["env_file"] = None
