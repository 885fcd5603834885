"""What all tests share: how property tests search."""

from __future__ import annotations

import os

from hypothesis import settings

# A machine under load is slow, which is no fault of the code.
settings.register_profile("default", deadline=None)
# The same examples every time where a failure would block somebody else's change; at a desk the
# search goes on with new ones at every run.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
