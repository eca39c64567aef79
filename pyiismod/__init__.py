"""Load a real native IIS module, give it a faithful IIS, and see exactly what it does."""

from __future__ import annotations

__version__ = "0.1.0"
