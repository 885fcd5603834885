"""What the browser tests share: Chromium, a theatre of calls, and eyes on a page."""

from browser_kit.chromium import launched, program
from browser_kit.eyes import Look, Visit, visiting
from browser_kit.theatre import Theatre

__all__ = ["Look", "Theatre", "Visit", "launched", "program", "visiting"]
