"""recordbridge: call recording for anybody's own Asterisk."""
