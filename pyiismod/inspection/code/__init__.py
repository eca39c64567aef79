"""What machine code does, as far as that can be told without running it.

- :mod:`~pyiismod.inspection.code.decoder`: bytes to instructions;
- :mod:`~pyiismod.inspection.code.state`: what is known of registers and memory: numbers, and places in unknown objects;
- :mod:`~pyiismod.inspection.code.x86`, :mod:`~pyiismod.inspection.code.arm64`: what one instruction changes;
- :mod:`~pyiismod.inspection.code.follow`: all ways through a function, calls included, within a budget.
"""
