"""``python -m pyiismod`` is the ``pyiismod`` command."""

from __future__ import annotations

import sys

from pyiismod.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
