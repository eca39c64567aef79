"""Leaks: what grows from request to request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyiismod.checking.engine import Checking

__all__ = ["measure"]


def measure(check: Checking) -> None:
    """Fire equal requests and measure."""
