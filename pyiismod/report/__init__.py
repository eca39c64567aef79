"""How results look to people and programs: pure functions from public objects to rich renderables and JSON values.

Nothing here prints, opens a file or knows a command, so that every face of pyiismod can use all of it.

- :mod:`~pyiismod.report.record`: what one run gave, and its JSON document; imports no rich;
- :mod:`~pyiismod.report.values`: durations, arguments and untrusted text on one line; imports no rich;
- :mod:`~pyiismod.report.stack`: native stacks as lines; imports no rich;
- :mod:`~pyiismod.report.modules`: what modules registered;
- :mod:`~pyiismod.report.timeline`: what happened, as a tree;
- :mod:`~pyiismod.report.response`: the response, safe for a terminal;
- :mod:`~pyiismod.report.failure`: an error with all that is known about it;
- :mod:`~pyiismod.report.plain`: all of these as plain text;
- :mod:`~pyiismod.report.spans`: the timeline with times, for what draws it;
- :mod:`~pyiismod.report.page`, :mod:`~pyiismod.report.perfetto`, :mod:`~pyiismod.report.freb`: a run as an HTML page, a
  Chrome trace, a log of failed request tracing; :mod:`~pyiismod.report.save` writes them.
"""
