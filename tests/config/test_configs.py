"""The shipped configurations load, name every key, and tell the truth about defaults."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from graphrec_core.config import LightGCNConfig, PipelineConfig, load_pipeline
from graphrec_core.config.recommender import ReciprocalRankConfig
from graphrec_core.config.source import TownConfig

CONFIGS = Path(__file__).parents[2] / "configs"
SECTIONS: dict[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in PipelineConfig.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
} | {
    "recommender.sources.taste": LightGCNConfig,
    "recommender.ranker": ReciprocalRankConfig,
    "source.town": TownConfig,
}
LINE = re.compile(r"^( *)([a-z_]+):(?: .*?)?# .*?default: ([^;(#]+)")


def commented_defaults(text: str) -> dict[str, str]:
    """Dotted key -> the default that its comment names."""
    found, path = {}, list[str]()
    for line in text.splitlines():
        if key := re.match(r"^( *)([a-z_]+):", line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if claim := LINE.match(line):
                found[".".join(path)] = claim[3].strip()
    return found


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_configuration_loads(path: Path) -> None:
    assert load_pipeline(path).pipeline == path.stem


def test_the_town_names_every_key() -> None:
    data = yaml.safe_load((CONFIGS / "town.yaml").read_text())
    for section, model in SECTIONS.items():
        given: Any = data
        for part in section.split("."):
            given = given[part]
        expected = set(model.model_fields) - ({"home"} if section == "region" else set())
        assert expected <= set(given), section


def test_commented_defaults_are_the_defaults() -> None:
    claims = commented_defaults((CONFIGS / "town.yaml").read_text())
    checked = 0
    for section, model in SECTIONS.items():
        for name, field in model.model_fields.items():
            claim, default = claims.get(f"{section}.{name}"), field.get_default()
            if claim is None or not isinstance(default, bool | int | float):
                continue
            assert float(yaml.safe_load(claim)) == float(default), f"{section}.{name}"
            checked += 1
    assert checked > 40
