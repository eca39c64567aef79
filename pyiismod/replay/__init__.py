"""Requests from files, and into files: HAR, ``.http``, raw HTTP, ``curl`` command lines, FTW tests.

- :mod:`~pyiismod.replay.recorded`: one request, and what was answered when it was recorded;
- :mod:`~pyiismod.replay.files`: which format a file has;
- :mod:`~pyiismod.replay.har`, :mod:`~pyiismod.replay.httpfile`, :mod:`~pyiismod.replay.raw`,
  :mod:`~pyiismod.replay.curl`: the formats;
- :mod:`~pyiismod.replay.recorder`: what ``--record`` writes;
- :mod:`~pyiismod.replay.ftw`: tests of web application firewalls.
"""
