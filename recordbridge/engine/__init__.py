"""The engine: one actor per call feeds its machine and does what it says.

Events of a call strictly in order, calls side by side. The engine decides nothing about
`<Record>`; it knows commits, timers, retries and files.
"""
