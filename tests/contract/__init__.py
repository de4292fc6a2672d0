"""One suite on the fake and on the real Asterisk: what both must do, and ours with them."""
