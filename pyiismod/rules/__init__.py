"""What a module must not do: one declaration of each rule, with its stable id.

The host notes a violation where it happens (:meth:`pyiismod.host.trace.Timeline.violation`); ``pyiismod check``
adds what can only be seen from outside. Stdlib only: everything else may import it.
"""

from __future__ import annotations

from pyiismod.rules import body, completion, lifetime, registration
from pyiismod.rules.rule import ERROR, NOTE, RULES, WARNING, Rule

__all__ = ["ERROR", "NOTE", "RULES", "WARNING", "Rule", "body", "completion", "lifetime", "registration"]
