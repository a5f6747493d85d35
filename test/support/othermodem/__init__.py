# SPDX-License-Identifier: Apache-2.0
"""
othermodem - a second modem emulator, made from the specifications alone (3GPP TS
27.005, 27.007, 23.040, V.250, and the vendors' manuals) and with no look at the
AT driver or at virtualmodem: what both take for granted shows against a third.

It differs on purpose: a modem is a thread that answers by generators, so that
anything can come between any two lines; families are in families.py (25 of
them), faults in faults.py (85), the network that counts in air.py. bench.py puts
many of them before one bearerbox and judges; test/box/othermodem_test.py runs a part
of its matrix.
"""
