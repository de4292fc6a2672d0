"""Figures on a real Asterisk: `make bench` (CPU per call against a bare loop) and `make load`."""
