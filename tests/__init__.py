"""The tests. Those of the core alone load ONNX Runtime without Cairn's front door."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
