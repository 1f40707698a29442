"""The base of every configuration section: frozen, and strict about keys, numbers and text."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from graphrec_core.types import FIRST_YEAR, LAST_YEAR

MAX_NUMBER = 2**31 - 1
"""No setting needs a larger one, and every engine and library can hold it."""
MAX_DAYS = 36_525
"""A hundred years: the longest span, so that an instant less a span is one that exists."""
MAX_HOURS = 24 * 366
NUMBER = re.compile(r"[-+]?[0-9.]+")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Section(BaseModel):
    """A frozen group of settings; an unknown key is an error, never ignored."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )
    any_character: ClassVar[frozenset[str]] = frozenset()
    """Fields whose text may hold control characters, such as the separator of a CSV file."""

    @model_validator(mode="before")
    @classmethod
    def _yes_is_no_number(cls, data: object) -> object:
        """Makes yes and no text where a number belongs, else pydantic reads them as 1 and 0."""
        if not isinstance(data, dict):
            return data
        return {
            key: str(value) if isinstance(value, bool) and cls._is_number(key) else value
            for key, value in data.items()
        }

    @classmethod
    def _is_number(cls, key: str) -> bool:
        field = cls.model_fields.get(key)
        return field is not None and bool(
            {int, float} & {field.annotation, *get_args(field.annotation)}
        )

    @field_validator("*", mode="after")
    @classmethod
    def _can_be_worked_with(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401
        _check_reach(value, text=info.field_name not in cls.any_character)
        return value


def _check_reach(value: object, *, text: bool) -> None:
    if isinstance(value, int | float) and abs(value) > MAX_NUMBER:
        raise ValueError(f"must lie between -{MAX_NUMBER} and {MAX_NUMBER}")
    if text and isinstance(value, str) and CONTROL.search(value):
        raise ValueError("must not hold control characters")
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            _check_reach(item, text=text)


def _no_number(given: object) -> object:
    """Refuses a number, which pydantic would read as seconds since 1970."""
    if not isinstance(given, date) and NUMBER.fullmatch(str(given).strip()):
        raise ValueError("must be a date like 2026-01-31, not a number")
    return given


def _in_reach(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _as_utc(instant: datetime) -> datetime:
    _in_reach(instant)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


CalendarDay = Annotated[date, BeforeValidator(_no_number), AfterValidator(_in_reach)]
Instant = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_as_utc)]
"""An instant, UTC; without an offset UTC is meant."""
