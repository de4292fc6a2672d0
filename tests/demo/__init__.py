"""`make demo`: the service, an application and a real Asterisk, and seven recorded calls to watch.

Nothing here is simulated: calls are SIP and RTP, requests are HTTP, files are fetched by the URL
that the application was given. The demo says "good" only for what it has looked at itself.
"""
