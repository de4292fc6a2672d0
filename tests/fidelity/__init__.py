"""`make fidelity`: what recordings contain, against what was on the wire.

Real calls carry a known signal; a tap on the loopback sees their SIP and RTP with the kernel's
own times. No number of the service's is believed: each is compared with what the tap saw.
"""
