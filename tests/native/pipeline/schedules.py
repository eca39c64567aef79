"""The schedules that every asynchronous module has to bear."""

from __future__ import annotations

from collections.abc import Callable

from pyiismod import Server

SCHEDULES = ("threaded", "inline", "early", 0, 1, 2, 3)
"""All the names, and seeds that mix them."""

Load = Callable[..., Server]
"""Loads modules by name, in this order; keywords are the server's."""
