"""The parts of ``native/build.py``: what to build, with which compilers, and the record of it."""
