"""The rig: a real Asterisk (pbx) with a second one (carrier) that places and answers calls."""
