"""One file per schema level."""
