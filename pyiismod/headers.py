"""Response headers: a case-insensitive view of lines that keep their order and may repeat a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Headers"]


class Headers(Mapping[str, str]):
    """Header lines as sent.

    A look-up joins repeated names with ``", "``; use :meth:`get_list` for cookies.
    """

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self._lines = [(name, value) for name, value in lines]

    def __getitem__(self, name: str) -> str:
        values = self.get_list(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        first: dict[str, str] = {}
        for name, _ in self._lines:
            first.setdefault(name.lower(), name)
        return iter(first.values())

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._lines})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.get_list(name))

    def __repr__(self) -> str:
        return f"Headers({self._lines!r})"

    def get_list(self, name: str) -> list[str]:
        """Return each value of ``name``, in order."""
        return [value for n, value in self._lines if n.lower() == name.lower()]

    def lines(self) -> list[tuple[str, str]]:
        """Return every (name, value), repeats included, in order."""
        return list(self._lines)
