"""Hypothesis without deadlines: a busy machine is no defect."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("pyiismod", deadline=None, max_examples=60)
settings.load_profile("pyiismod")
