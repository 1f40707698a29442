"""What SQL cannot say of a text: zones by name, numbers of other digits, letters in other case.

DuckDB calls these for the few texts that its own rules leave over.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL
from duckdb.sqltypes import BIGINT, INTEGER, VARCHAR, DuckDBPyType

SHORT_NAMES = {
    "ACT": "Australia/Darwin",
    "AET": "Australia/Sydney",
    "AGT": "America/Argentina/Buenos_Aires",
    "ART": "Africa/Cairo",
    "AST": "America/Anchorage",
    "BET": "America/Sao_Paulo",
    "BST": "Asia/Dhaka",
    "CAT": "Africa/Harare",
    "CNT": "America/St_Johns",
    "CST": "America/Chicago",
    "CTT": "Asia/Shanghai",
    "EAT": "Africa/Addis_Ababa",
    "ECT": "Europe/Paris",
    "EST": "Etc/GMT+5",
    "HST": "Etc/GMT+10",
    "IET": "America/Indiana/Indianapolis",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "MIT": "Pacific/Apia",
    "MST": "Etc/GMT+7",
    "NET": "Asia/Yerevan",
    "NST": "Pacific/Auckland",
    "PLT": "Asia/Karachi",
    "PNT": "America/Phoenix",
    "PRT": "America/Puerto_Rico",
    "PST": "America/Los_Angeles",
    "SST": "Pacific/Guadalcanal",
    "VST": "Asia/Ho_Chi_Minh",
}
"""Zones of three letters, as java.time.ZoneId.SHORT_IDS has them."""
UNKNOWN_TO_JAVA = frozenset({"Factory", "ROC"})
RULES = resources.files("tzdata")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a local time)
CYCLE_MICROS = 146_097 * 86_400_000_000
FIRST_MICROS, LAST_MICROS = -62_000_000_000_000_000, 253_000_000_000_000_000
HEX = re.compile(
    r"[\x00-\x20]*([+-]?)0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]*)\.?([0-9a-fA-F]*)"
    r"[pP]([+-]?[0-9]+)[dDfF]?[\x00-\x20]*"
)
REAL = re.compile(
    r"[\x00-\x20]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE]([+-]?[0-9]+)[dDfF]?[\x00-\x20]*"
)
FIXED = re.compile(r"([+-]?)(?=\.?\d)(\d*)\.?(\d*)(?:[eE]([+-]?)[0]*(\d{1,10}))?")
JAVA_BLANK = "".join(map(chr, range(33)))
MAX_DIGITS = 38
MAX_EXPONENT = 999_999_999
MAX_POWER = 2000
"""Powers of two beyond it are infinite or nothing, whatever they are multiplied with."""


def register_odd_texts(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the functions of this module known to DuckDB as ``spark_…``."""
    functions: tuple[tuple[str, Callable[..., Any], DuckDBPyType], ...] = (
        ("spark_region_seconds", _of_two(region_seconds, pa.int64()), BIGINT),
        ("spark_odd_real", _of_one(odd_real), VARCHAR),
        ("spark_odd_fixed", _of_two(odd_fixed, pa.string()), VARCHAR),
        ("spark_odd_lower", _of_one(str.lower), VARCHAR),
        ("spark_odd_upper", _of_one(str.upper), VARCHAR),
    )
    text = [VARCHAR]
    takes: tuple[list[Any], ...] = ([VARCHAR, BIGINT], text, [VARCHAR, INTEGER], text, text)
    for (name, call, gives), kinds in zip(functions, takes, strict=True):
        connection.create_function(name, call, kinds, gives, type=ARROW, null_handling=SPECIAL)


def _of_one(call: Callable[[Any], object]) -> Callable[[pa.ChunkedArray], pa.Array]:
    """Makes a function of columns; DuckDB counts its parameters."""
    return lambda texts: pa.array(
        [None if text is None else call(text) for text in texts.to_pylist()], pa.string()
    )


def _of_two(
    call: Callable[[Any, Any], object], kind: pa.DataType
) -> Callable[[pa.ChunkedArray, pa.ChunkedArray], pa.Array]:
    def on_columns(texts: pa.ChunkedArray, numbers: pa.ChunkedArray) -> pa.Array:
        rows = zip(texts.to_pylist(), numbers.to_pylist(), strict=True)
        return pa.array([None if None in row else call(*row) for row in rows], kind)

    return on_columns


def region_seconds(name: str, micros: int) -> int | None:
    """Returns the seconds that a zone is east of UTC; None where Java knows no such zone.

    A time that a clock skipped counts as before the change, one that it showed twice as the first.

    Args:
        name: The zone, such as ``Europe/Amsterdam``.
        micros: The local time, in microseconds since 1970-01-01 00:00.
    """
    zone = _zone(name)
    if zone is None:
        return None
    offset = _in_python_years(micros).replace(tzinfo=zone).utcoffset()
    return None if offset is None else int(offset.total_seconds())


def _in_python_years(micros: int) -> datetime:
    """Returns a time of the same rules within the years 1 to 9999, which are all that Python has.

    Before the first rule nothing changes, and after the last all repeats every 400 years.
    """
    cycles = max(0, micros - LAST_MICROS + CYCLE_MICROS - 1) // CYCLE_MICROS
    return EPOCH + timedelta(microseconds=max(micros - cycles * CYCLE_MICROS, FIRST_MICROS))


@lru_cache
def _zone(name: str) -> ZoneInfo | None:
    full = SHORT_NAMES.get(name, name)
    if full not in _names():
        return None
    # A system's own zones may differ before 1970; the package's are those of Java.
    with RULES.joinpath("zoneinfo", *full.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file)


@lru_cache
def _names() -> frozenset[str]:
    return frozenset(RULES.joinpath("zones").read_text("utf-8").split()) - UNKNOWN_TO_JAVA


def odd_real(text: str) -> str | None:
    """Returns a hexadecimal number, or one of a long exponent, as a decimal text, exactly."""
    if real := REAL.fullmatch(text):
        return _of_long_exponent(text, int(real[1]))
    found = HEX.fullmatch(text)
    if not found:
        return None
    sign, whole, fraction, power = found.groups()
    digits = int(whole + fraction, 16)
    exponent = int(power) - 4 * len(fraction)
    exponent = max(-MAX_POWER - digits.bit_length(), min(exponent, MAX_POWER))
    if exponent >= 0:
        return f"{sign}{digits << exponent}"
    return f"{sign}{digits * 5**-exponent}e{exponent}"


def _of_long_exponent(text: str, power: int) -> str:
    mantissa = re.split("[eE]", text.strip(JAVA_BLANK))[0]
    # Past MAX_EXPONENT a number is infinite or nothing, unless its mantissa is as long.
    return f"{mantissa}e{max(-MAX_EXPONENT, min(power, MAX_EXPONENT))}"


def odd_fixed(text: str, scale: int) -> str | None:
    """Returns a number's text with so many decimal places, rounded half up.

    None for what java.math.BigDecimal does not read, and for more than 38 digits before the point.
    """
    found = FIXED.fullmatch(text.strip(JAVA_BLANK))
    if not found or (not text.isascii() and any(ord(letter) > 0xFFFF for letter in text)):
        return None
    sign, whole, fraction, direction, power = found.groups()
    digits, exponent = str(int(whole + fraction)), int(f"{direction or ''}{power or 0}")
    if abs(exponent) > 2**31 - 1:
        return None
    if digits == "0":
        return "0"
    exponent -= len(fraction)
    if len(digits) + exponent > MAX_DIGITS:
        return None
    drop = -exponent - scale
    if drop > len(digits):
        return "0"
    units = str(_half_up(digits, drop) if drop > 0 else int(digits) * 10**-drop)
    padded = units.rjust(scale + 1, "0")
    return f"{sign}{padded[: len(padded) - scale]}.{padded[len(padded) - scale :]}"


def _half_up(digits: str, drop: int) -> int:
    kept, first = digits[:-drop], digits[-drop]
    return int(kept or 0) + (first >= "5")
