"""The YAML file as values: `load(path)` gives `Settings` or a ConfigError with every mistake.

These keys are a contract with operators. Nothing is imported from the other packages but the
words; the composition root turns plain values into what the adapters take.
"""

from recordbridge.settings.applications import Application
from recordbridge.settings.load import Survey, load, survey
from recordbridge.settings.model import Settings
from recordbridge.settings.reference import json_schema
from recordbridge.settings.sections import Account, Asterisk

__all__ = [
    "Account",
    "Application",
    "Asterisk",
    "Settings",
    "Survey",
    "json_schema",
    "load",
    "survey",
]
