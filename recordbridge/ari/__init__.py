"""Asterisk over ARI: its events become the machine's facts, the machine's intents its commands.

`link.AriPbx` implements `ports.pbx.Pbx` for one configured Asterisk and keeps itself connected;
`diagnosis.diagnose` tells an operator what is wrong with one. Nothing here decides about calls.
"""
