"""A SELECT that does too much is wrong configuration; one that cannot be computed is refused."""

from pathlib import Path
from typing import Any

import pytest

from graphrec.jobs import show_config, validate_source
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError, RefusedError
from graphrec_core.snapshot import produce_snapshot
from tests.support.market import AS_OF, market_data, write_market

pytestmark = pytest.mark.pipeline

SELECTS = {
    "nodes.user": "select user as node_id, since as valid_from, {} as extra from users",
    "edges.visited": "select user as src, place dst, at as event_time, {} as weight from visits",
    "features.user": "select user as node_id, since as effective_at, {} as extra from users",
}
WRONG = [
    "cast(user as double)",
    "cast(regexp_extract(user, '(', 0) as double)",
    "cast(date_trunc(user, timestamp '2026-01-01 00:00:00') as double)",
    "cast((select place from places) as double)",
    "cast(explode(split(explode(split(user, 'n')), 'n')) as double)",
    "sum(length(user)) over (order by nothing)",
    "sum(sum(length(user)))",
    "element_at(user, 'x')",
    "upper()",
    "substr(user, 'x')",
    "cast(user as nothing)",
    "cast(date '2026-02-30' as string)",
    "user + interval 1 day",
    "case when user then 1 end",
]


def market(lake: Path, name: str, expression: str) -> PipelineConfig:
    """The market with a SELECT that has the expression."""
    write_market(lake)
    data: dict[str, Any] = market_data(lake)
    table, _, kind = name.partition(".")
    data["source"].setdefault(table, {})[kind] = SELECTS[name].format(expression)
    return PipelineConfig.model_validate(data)


@pytest.mark.parametrize("name", sorted(SELECTS))
def test_a_second_statement_is_wrong_configuration_for_every_step(
    tmp_path: Path, name: str
) -> None:
    attack = f"1 from users; copy (select 1) to '{tmp_path}/out.csv'; select 1"
    config = market(tmp_path / "lake", name, attack)
    for step in (
        lambda: show_config.run(config),
        lambda: validate_source.run(Day(config, AS_OF)),
        lambda: produce_snapshot(Day(config, AS_OF)).manifest,
    ):
        with pytest.raises(ConfigError, match=rf"source\.{name} must be one SELECT"):
            step()
    assert not (tmp_path / "out.csv").exists()
    assert not list((tmp_path / "lake").rglob("manifest.json"))


@pytest.mark.parametrize("name", sorted(SELECTS))
@pytest.mark.parametrize("expression", WRONG)
def test_what_cannot_be_computed_is_refused_and_never_a_fault(
    tmp_path: Path, name: str, expression: str
) -> None:
    config = market(tmp_path / "lake", name, expression)
    with pytest.raises((RefusedError, ConfigError), match=rf"source\.{name}\b"):
        validate_source.run(Day(config, AS_OF))
    with pytest.raises((RefusedError, ConfigError), match=rf"source\.{name}\b"):
        produce_snapshot(Day(config, AS_OF))
