"""The decisions. `step(state, fact, now) -> Step`; no I/O, no clock, no randomness here.

All semantics of `<Record>` and of the call flow live in this package and nowhere else.
"""
