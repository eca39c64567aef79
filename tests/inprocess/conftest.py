"""The cases need a Windows Python. Elsewhere test_inprocess.py runs them in the runtime's, and reports each file."""

from __future__ import annotations

import sys

collect_ignore = ["test_inprocess.py"] if sys.platform == "win32" else ["cases"]
