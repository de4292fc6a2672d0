"""The crash laboratory, `make chaos`: real calls go on while every part is killed (N-1 to N-6).

What must exist in the end is known from the ledger alone: from what the callers of the carrier said
and heard, and from what the application was told. The service's own database is never asked.
"""
