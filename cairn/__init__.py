"""The front door: command line, settings, composition root."""

import os

__version__ = "0.1.0"

# ONNX Runtime's official builds send usage data to their makers unless this is said before they
# load: photos are private, and a clusterer that calls home is not.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
