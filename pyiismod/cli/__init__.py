"""The ``pyiismod`` command.

- :mod:`~pyiismod.cli.app`: the commands, and the one door through which errors leave;
- :mod:`~pyiismod.cli.arguments`: from what was typed to a checked order;
- :mod:`~pyiismod.cli.run`, :mod:`~pyiismod.cli.runtime`, :mod:`~pyiismod.cli.inspect`: the commands themselves;
- :mod:`~pyiismod.cli.screen`: standard output and error, for terminals, pipes and logs.

Start-up time is a feature: what a command needs is imported when it runs, and rich only when there is something to
paint.
"""
