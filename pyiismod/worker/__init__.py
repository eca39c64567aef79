"""The process that loads modules, and our side of it."""
