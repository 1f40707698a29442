"""Templates of the pages that graphrec writes: whole files, without scripts or other hosts."""

from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def html_template(package: str, name: str, **filters: Callable[..., object]) -> Template:
    """Loads a template from the ``templates`` of a package.

    Values are escaped, and a name that is not given is an error.

    Args:
        package: Such as ``graphrec_core.report``.
        name: The file in its ``templates``.
        filters: What the template may apply to values.
    """
    return _environment(package, tuple(filters.items())).get_template(name)


@cache  # an environment keeps the templates that it has compiled
def _environment(
    package: str, filters: tuple[tuple[str, Callable[..., object]], ...]
) -> Environment:
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment
