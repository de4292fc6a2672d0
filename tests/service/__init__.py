"""The program as its users run it: a subprocess beside a real Asterisk, called over SIP and RTP."""
