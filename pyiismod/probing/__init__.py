"""What a module really does: it is run, confined, and every answer is compared with the one without it.

- :mod:`~pyiismod.probing.sandbox`: a throwaway place to run it;
- :mod:`~pyiismod.probing.ask`: requests, and what can be told of a response;
- :mod:`~pyiismod.probing.interest`: what it asked the host for;
- :mod:`~pyiismod.probing.variations`: the requests of the differential run;
- :mod:`~pyiismod.probing.probe`: all of it, for ``pyiismod probe``;
- :mod:`~pyiismod.probing.comparison`: two builds of a module side by side, for ``pyiismod diff``.
"""
