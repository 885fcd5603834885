"""Settings: one validated model, from a TOML file and the environment."""

from rid_telephony.settings.root import Settings, load_settings

__all__ = ["Settings", "load_settings"]
