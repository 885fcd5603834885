"""Real servers and phones for live tests: see README.md."""

from live_kit.ami import Ami
from live_kit.asterisk import RealAsterisk
from live_kit.audio import script
from live_kit.baresip import Baresip
from live_kit.ports import PortBlock
from live_kit.tools import Tools

__all__ = ["Ami", "Baresip", "PortBlock", "RealAsterisk", "Tools", "script"]
