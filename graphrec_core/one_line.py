"""Texts of a source as a person sees them on a terminal."""

import re

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def in_one_line(text: str) -> str:
    r"""Writes line breaks and other control characters as escapes, such as ``\n``.

    A title or a region's name may hold any text; it must not break a line, or steer a terminal.
    """
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
