"""Says in one line what of a stored record is not as its model wants it."""

from pydantic import ValidationError

NUM_SHOWN = 3


def mistakes(error: ValidationError) -> str:
    """Returns the first keys that are wrong, each with what is wrong, and how many more are."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    shown = []
    for one in found[:NUM_SHOWN]:
        key, message = ".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, ")
        shown.append(f"{key}: {message}" if key else message)
    more = [f"and {len(found) - NUM_SHOWN} more"] if len(found) > NUM_SHOWN else []
    return "; ".join([*shown, *more])
