"""rid-telephony: live coaching of Mandarin wealth-management calls on FreeSWITCH and Asterisk."""

import os

__version__ = "0.1.0"

# onnxruntime (1.31) reports to its maker, and keeps a data base and a device id for that, unless it
# finds this when it is imported. What runs beside customers' calls tells nobody anything.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
