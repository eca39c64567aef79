"""What ``GetHeaderChanges`` and ``GetServerVarChanges`` tell managed code (fact sheet 5.1 and 5.2: internal to IIS).

The caller keeps a snapshot of names and values, and a number for it. When the number is still the right one nothing is
reported; else the snapshot is brought up to date and the indices of what differs from the last one that was given out
are listed. Known headers are listed in an array that ends with an index past the last header.
"""

from __future__ import annotations

from typing import Any

from pyiismod.host.errors import ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.headers import Headers
from pyiismod.host.memory import RequestPool
from pyiismod.host.native import address


class Changes:
    """Of one collection of one request.

    Args:
        pool: where snapshots go.
        value_type: C type of a value: ``"PCSTR"`` or ``"PCWSTR"``.
    """

    def __init__(self, pool: RequestPool, value_type: str) -> None:
        self._pool = pool
        self._value_type = value_type
        self._number = 0
        self._state: Any = None
        self._given: tuple[int, list[tuple[Any, Any]]] = (0, [])  # address and content of the last snapshot
        self._texts: dict[tuple[str, str], tuple[Any, Any]] = {}

    def _is_news(self, state: Any, old: int, pdwNew: Any) -> bool:
        """Give the state its number; return whether the caller's is another one."""
        if state != self._state:
            self._state = state
            self._number += 1
        pdwNew[0] = self._number
        return old != self._number

    def report_texts(
        self,
        texts: list[tuple[str, str]],
        old: int,
        pdwNew: Any,
        snapshot: tuple[Any, Any, Any],
        diffed: tuple[Any, Any],
    ) -> int:
        """Report names and values.

        Args:
            texts: the (name, value) that there are.
            old: the caller's number.
            pdwNew: where the new one goes.
            snapshot: where (count, names, values) are and go.
            diffed: where (count, indices) go.

        Returns:
            the HRESULT.
        """
        if not pdwNew or not all(snapshot) or not all(diffed):
            return ERROR_INVALID_PARAMETER
        if self._is_news(texts, old, pdwNew):
            self._update([self._native(*text) for text in texts], snapshot, diffed)
        else:
            diffed[0][0] = 0
        return S_OK

    def _native(self, name: str, value: str) -> tuple[Any, Any]:
        """Return the one native copy of a text: the caller compares pointers."""
        if (name, value) not in self._texts:
            self._texts[name, value] = self._pool.data(name.encode("latin-1")), self._pool.wide(value)
        return self._texts[name, value]

    def report_headers(
        self,
        headers: Headers,
        old: int,
        pdwNew: Any,
        known: tuple[Any, Any],
        snapshot: tuple[Any, Any, Any],
        diffed: tuple[Any, Any],
    ) -> int:
        """Report headers; ``known`` is where (values, indices) of the known ones are and go."""
        if not pdwNew or not all((*known, *snapshot, *diffed)):
            return ERROR_INVALID_PARAMETER
        values, indices = known
        lines = headers.known_values()
        found = 0
        if self._is_news(headers.items(), old, pdwNew):
            for i, value in enumerate(lines):
                if values[i] != value:
                    values[i], indices[found] = value, i
                    found += 1
            self._update(headers.unknown_pairs(), snapshot, diffed)
        else:
            diffed[0][0] = 0
        indices[found] = len(lines)
        return S_OK

    def _update(self, pairs: list[tuple[Any, Any]], snapshot: tuple[Any, Any, Any], diffed: tuple[Any, Any]) -> None:
        count, names, values = snapshot
        known = self._given[1] if names[0] and address(names[0]) == self._given[0] else []
        changed = [i for i, pair in enumerate(pairs) if i >= len(known) or known[i] != pair]
        count[0] = len(pairs)
        names[0], values[0] = self._pool.zeroed("PCSTR", len(pairs)), self._pool.zeroed(self._value_type, len(pairs))
        for i, (name, value) in enumerate(pairs):
            names[0][i], values[0][i] = name, value
        self._given = address(names[0]), pairs
        diffed[0][0] = len(changed)
        diffed[1][0] = indices = self._pool.zeroed("DWORD", len(changed))
        for i, index in enumerate(changed):
            indices[i] = index
