# SPDX-License-Identifier: Apache-2.0
"""
errors - how a command or a send fails.
"""


class CmsError(Exception):
    """+CMS ERROR with its number."""


class CmeError(Exception):
    """+CME ERROR with its number."""


class Failure(Exception):
    """ERROR, or another final answer, as text."""


class Refused(Exception):
    """The network refuses a message: number of the +CMS ERROR, None: ERROR alone."""
