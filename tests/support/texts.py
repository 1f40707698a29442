# ruff: noqa: RUF001  (letters that look like others are the point)
"""Texts that people's columns hold, odd ones and mixtures of them, for conversions."""

import random
from collections.abc import Sequence

BLANKS = "\t\n\x0b\r \x1c\x00\x7f\x85\xa0\u2003\u200b"
TIMES = """
2026-01-05 2026-1-5 2026 2026-01 2026-01-05T10 2026-01-05_10 2026-01-05_10:00 2026-01-05T10:00:00Z
2026-01-05_10:00:00+01:00 2026-01-05_10:00:00_Europe/Amsterdam 2026-01-05_10:00:00+1 20260105
2026-02-29 2024-02-29 1900-02-29 epoch infinity -infinity now today yesterday now_UTC 2026/01/05
05-01-2026 01/05/2026 2026-01-05_24:00:00 2026-01-05_23:59:60 2026-01-05_10:00:00.123456789
1767607200 12026-01-01 0001-01-01 0000-01-01 -0044-03-15 2026-01-05T10:00:00_GMT
2026-01-05_10:00:00_PM 2026-03-29_02:30:00_Europe/Amsterdam 2026-10-25_02:30:00_Europe/Amsterdam
2026-1-5_1:2:3 2026-01-05_10:00:00. 2026-01-05_10:00:00.1 2026-01-05_10:00Z 10:00 10:00:00 T10:00
1:2 2026-01-05T10:00:00+18:00 2026-01-05T10:00:00+18:01 2026-01-05T10:00:00-1:0
2026-01-05T10:00:00+0100 2026-01-05T10:00:00+01:00:30 2026-01-05T10:00:00-01 2026-01-05T10:00:00_+1
2026-01-05T10:00:00_UTC 2026-01-05T10:00:00_UTC+1 2026-01-05T10:00:00_UT-01:30
2026-01-05T10:00:00_GMT0 2026-01-05T10:00:00_EST 2026-01-05T10:00:00_PST 2026-01-05T10:00:00_CET
2026-01-05T10:00:00_utc 2026-01-05T10:00:00z 2026-01-05T10:00:00_europe/amsterdam
2026-01-05T10:00:00_Nowhere/City 1890-01-01_00:00:00_Europe/Amsterdam +2026-01-05 -2026-01-05
002026-01-01 202-01-01 2026-001-01 2026-01-05x 2026-01-05T 2026-01-05Tabc 2026-01- 2026-13-01
2026-00-10 2026-04-31 --2026 + - T Z 2026-01-05__10:00:00 2026-01-05T10:00:00[UTC] Jan_5,_2026
2026-W01-1 2026-005 1e3 2026.01.05 123456-01-01 2026-01-05T10:00:00Z[UTC] 2026-01-05_10:00:00+00
""".replace("_", "\N{SYMBOL FOR SPACE}").split()
NUMBERS = [
    "12",
    "12.5",
    "12.0",
    "1e3",
    "+5",
    "0x10",
    "12abc",
    "true",
    "yes",
    "on",
    "t",
    "1",
    "1_000",
    "1,000",
    "NaN",
    "nan",
    "Infinity",
    "inf",
    "-inf",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1d",
    "1f",
    "0",
    "-0",
    "00012",
    "-12",
    "+-5",
    "1.",
    ".5",
    "-.5",
    "+.5",
    ".",
    "1.e3",
    "e5",
    "1e",
    "1e+5",
    "1E-5",
    "1e400",
    "1e-400",
    "-1e400",
    "4.9e-324",
    "2.4e-324",
    "1.7976931348623157e308",
    "3.4028235e38",
    "3.4028236e38",
    "1e39",
    "0.1",
    "0.30000000000000004",
    "9007199254740993",
    "16777217",
    "1.00000017881393432617187499",
    "0x1p4",
    "0x1.8p1",
    "0X1.8P-1",
    "-0x1p3",
    "0x1p",
    "0x.8p0",
    "0x1p4d",
    "0x1.fffffffffffff8p1023",
    "1D",
    "1.5F",
    "1e3d",
    "1df",
    "NaNd",
    "-nan",
    "+NaN",
    "-NaN",
    "NAN",
    "INF",
    "-Infinity",
    "+infinity",
    "Infinityf",
    "127",
    "128",
    "-128",
    "-129",
    "32768",
    "2147483647",
    "2147483648",
    "99999999999999999999",
    "12.345",
    "12.344999",
    "-12.345",
    "12.005",
    "99999999.99",
    "99999999.994",
    "99999999.995",
    "1e7",
    "1e8",
    "123e-2",
    "1e2147483647",
    "1e2147483648",
    "1e-2147483648",
    "0e99999",
    "1e12345678901",
    "1e00000000000000000001",
    "1,5",
    "$5",
    "99999999999999999999999999999999999999",
    "999999999999999999999999999999999999999",
    "12L",
    "١٢",
    "१२",
    "１２",
    "𝟏𝟐",
    "²",
    "½",
    "１.５",
    "1e１",
    "TRUE",
    "tRuE",
    "y",
    "Y",
    "n",
    "N",
    "no",
    "f",
    "F",
    "false",
    "off",
    "0.0",
    "T",
    "tru",
    "yeſ",
    "null",
    "None",
    "0b1",
    "1__0",
    "5-",
    "1.2.3",
    "..",
]
LETTERS = "0123456789-+:. TZeEdfxp/aAnN١²é日" + BLANKS


def listed() -> list[str]:
    """The texts that are written out here, each once, and the empty and blank ones."""
    texts = [text.replace("\N{SYMBOL FOR SPACE}", " ") for text in TIMES]
    spaced = [" 2026-01-05 ", " 12 ", " true ", "- 12", "1 e3", "", " ", "\x00", "\t12\n"]
    return list(dict.fromkeys([*texts, *NUMBERS, *spaced]))


def generated(num: int, seed: int) -> list[str]:
    """Makes texts of the listed ones, of parts of times and of digits; each is there once."""
    rng = random.Random(seed)
    makers = (_blanks, _mutant, _mutant, _time, _time, _number)
    return list(dict.fromkeys(rng.choice(makers)(rng) for _ in range(num)))


def _blanks(rng: random.Random) -> str:
    text, blank = rng.choice(listed()), rng.choice(BLANKS)
    return rng.choice([f"{blank}{text}", f"{text}{blank}", f"{blank}{text}{blank}"])


def _mutant(rng: random.Random) -> str:
    text = rng.choice(listed())
    for _ in range(rng.choice([1, 1, 2, 3])):
        place = rng.randrange(len(text) + 1)
        kept = rng.choice([place, place + 1])
        text = text[:place] + rng.choice(["", *LETTERS]) + text[kept:]
    return text


def _time(rng: random.Random) -> str:
    year = rng.choice([f"{rng.randrange(10_000):04d}", f"{rng.randrange(100_000)}"])
    text = f"{year}-{_padded(rng, 14)}-{_padded(rng, 33)}"
    if rng.random() < 0.8:
        clock = [_padded(rng, 25), _padded(rng, 61), _padded(rng, 61)][
            : rng.choice([1, 2, 3, 3, 3])
        ]
        text += rng.choice(" T") + ":".join(clock)
    if rng.random() < 0.5:
        text += "." + _digits(rng, rng.randrange(11))
    return text + rng.choice(["", "Z", f"+{_padded(rng, 20)}:{_padded(rng, 62)}", *ZONES])


ZONES: Sequence[str] = (" UTC", "-0330", "+1", " Europe/Amsterdam", " America/New_York", "GMT+7")


def _padded(rng: random.Random, end: int) -> str:
    return rng.choice(["{}", "{:02d}", "{:02d}"]).format(rng.randrange(end))


def _digits(rng: random.Random, num: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(num))


def _number(rng: random.Random) -> str:
    text = rng.choice(["", "", "-", "+"]) + _digits(
        rng, rng.choice([0, 1, 2, 5, 10, 18, 19, 38, 40])
    )
    if rng.random() < 0.6:
        text += "." + _digits(rng, rng.choice([0, 1, 2, 5, 17, 40]))
    if rng.random() < 0.4:
        text += (
            rng.choice("eE")
            + rng.choice(["", "-", "+"])
            + str(rng.randrange(rng.choice([12, 400])))
        )
    return text + rng.choice(["", "", "", "d", "F", "L"])
