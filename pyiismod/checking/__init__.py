"""The check of a module: its whole life in workers, phase by phase, and every rule that it breaks meanwhile.

    report = pyiismod.check("module.dll")
    assert report.is_fine, report.findings

:mod:`~pyiismod.checking.engine` has the order of the phases; :mod:`~pyiismod.checking.traffic` the requests;
:mod:`~pyiismod.checking.blame` turns the end of a worker into a rule, and :mod:`~pyiismod.checking.habits` reads the
timeline for what the host lets pass. What the host itself notes (violations) is taken as it is.
"""

from pyiismod.checking.config import read_options
from pyiismod.checking.engine import check
from pyiismod.checking.options import Options
from pyiismod.checking.report import Finding, Import, Phase, Report, Slope, Where

__all__ = ["Finding", "Import", "Options", "Phase", "Report", "Slope", "Where", "check", "read_options"]
