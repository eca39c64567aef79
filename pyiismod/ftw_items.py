"""FTW files as pytest items: each test once for each module under test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyiismod.errors import UsageError
from pyiismod.pytest_plugin import dlls_of, watched
from pyiismod.replay import ftw

__all__ = ["FtwFile", "FtwItem"]


class FtwFile(pytest.File):
    """One file."""

    def collect(self) -> Iterator[FtwItem]:
        """Yield its tests."""
        dlls = dlls_of(self.config)
        try:
            tests = ftw.read(self.path.read_text(encoding="utf-8"), self.path.name)
        except UsageError as error:
            raise self.CollectError(str(error)) from None
        if tests and not dlls:
            raise self.CollectError(
                "FTW tests need a module: name one with --iismod-dll or iismod_dll in the ini file."
            )
        for test in tests:
            for dll in dlls:
                name = f"{test.title}[{dll.stem}]" if len(dlls) > 1 else test.title
                yield FtwItem.from_parent(self, name=name, test=test, dll=dll)


class FtwItem(pytest.Item):
    """One test of one module."""

    def __init__(self, *, test: ftw.FtwTest, dll: Path, **options: Any) -> None:
        super().__init__(**options)
        self._test = test
        self._dll = dll

    def runtest(self) -> None:
        """Fire its requests.

        Raises:
            PyiismodError: the module failed.
        """
        log = self.config.getini("iismod_ftw_log")
        iis = watched(self, [self._dll])
        problems = ftw.fire(iis, self._test, self.config.rootpath / log if log else None)
        if problems:
            lines = [self._test.description.strip(), *problems] if self._test.description else problems
            pytest.fail("\n".join(lines), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where it is, for the report."""
        return self.path, None, f"{self.path.name}: {self.name}"
