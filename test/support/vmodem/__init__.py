# SPDX-License-Identifier: Apache-2.0
"""
vmodem - a phone with a GSM modem, in software. The program is
test/support/virtualmodem; the rooms are

    reactor      one thread: file descriptors and timers
    ports        where the AT lines come from: a pty or a TCP port
    lines        V.250: characters to command lines, echo, prompt, answers
    personality  what differs between families of modems, as data
    phone        the state of modem, SIM and radio: memories, settings
    network      the service centre: what was sent, reports, messages to come
    commands     the AT commands
    control      the control socket and its client
    program      command line, start and end
"""
