"""The whole of the settings, and how they are read."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableEnvironment

from rid_telephony.errors import SettingsError
from rid_telephony.settings.asterisk import AsteriskSettings
from rid_telephony.settings.freeswitch import FreeSwitchSettings
from rid_telephony.settings.media import MediaSettings
from rid_telephony.settings.output import FeedSettings, PrivacySettings, StoreSettings
from rid_telephony.settings.rid import RidSettings
from rid_telephony.settings.server import NatsSettings, ServerSettings, WebhookSettings
from rid_telephony.settings.speech import SpeechSettings
from rid_telephony.settings.strategy import StrategySettings

ENVIRONMENT_PREFIX = "RID_TELEPHONY_"
FILE_VARIABLE = "RID_TELEPHONY_CONFIG"


class Settings(BaseSettings):
    """Everything that can be set.

    Read from a TOML file (``--config`` or ``RID_TELEPHONY_CONFIG``) and from environment
    variables such as ``RID_TELEPHONY_SPEECH__RECOGNITION__MODEL=small``; the environment wins.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    asterisk: AsteriskSettings = AsteriskSettings()
    freeswitch: FreeSwitchSettings = FreeSwitchSettings()
    media: MediaSettings = MediaSettings()
    speech: SpeechSettings = SpeechSettings()
    rid: RidSettings = RidSettings()
    strategy: StrategySettings = StrategySettings()
    feed: FeedSettings = FeedSettings()
    store: StoreSettings = StoreSettings()
    privacy: PrivacySettings = PrivacySettings()
    server: ServerSettings = ServerSettings()
    webhooks: WebhookSettings = WebhookSettings()
    nats: NatsSettings = NatsSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the file (whose values come as init arguments)."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load_settings(path: Path | None = None) -> Settings:
    """Read and validate the settings.

    Args:
        path: TOML file; where None, the file that ``RID_TELEPHONY_CONFIG`` names, if any.

    Raises:
        SettingsError: The file cannot be read, is not TOML, or a value is not valid.
    """
    chosen = path or _path_from_environment()
    values = _read(chosen) if chosen else {}
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(
            _explain(error, chosen), "`rid-telephony settings` prints every key with its range."
        ) from error
    except UnreadableEnvironment as error:
        raise SettingsError(
            f"Invalid settings in the environment: {error}.",
            f"Name a key with its section, such as {ENVIRONMENT_PREFIX}STORE__URL.",
        ) from error


def _path_from_environment() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read the settings file {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except RecursionError as error:
        raise SettingsError(f"{path} is nested too deeply.") from error
    for key in values:
        # pydantic-settings takes such names as instructions to itself.
        if key.startswith("_"):
            raise SettingsError(f"Invalid settings in {path}: there is no section {key}.")
    return values


def _explain(error: ValidationError, path: Path | None) -> str:
    where = f"in {path} or the environment" if path else "in the environment"
    lines = [
        f"  {'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
        for item in error.errors(include_url=False)
    ]
    return f"Invalid settings {where}:\n" + "\n".join(lines) + "\n"
