"""docs/configuration.md is what the settings' models say."""

from typing import Annotated

from pydantic import Field, create_model

from docs.make.configuration import PAGE, page, values
from graphrec_core.config.pipeline import PipelineConfig
from graphrec_core.config.time import TimeConfig


def changed(description: str) -> type[PipelineConfig]:
    """Returns the configuration with another description of time.window_days."""
    field = Field(365, gt=0, description=description)
    time = create_model("TimeConfig", __base__=TimeConfig, window_days=(int, field))
    time.__doc__ = TimeConfig.__doc__
    config = create_model("PipelineConfig", __base__=PipelineConfig, time=(time, time()))
    config.__doc__ = PipelineConfig.__doc__
    return config


def test_the_page_is_what_the_models_say() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "run python -m docs.make.configuration"


def test_another_description_is_another_page() -> None:
    text = page(changed("Another meaning."))
    assert "| `time.window_days` | Another meaning. | days, from 1 | `365` |" in text
    assert text != PAGE.read_text(encoding="utf-8")


def test_every_setting_says_what_it_means() -> None:
    rows = [line.split(" | ") for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row[0] for row in rows if not row[1].strip()] == []


def test_units_and_ranges_are_those_of_the_field() -> None:
    class Sample(PipelineConfig):
        wait_s: Annotated[float, Field(gt=0, le=10)] = 1
        num_users: Annotated[int, Field(gt=0)] = 1
        noise_frac: Annotated[float, Field(ge=0, lt=1)] = 0

    fields = Sample.model_fields
    assert values("wait_s", fields["wait_s"]) == "seconds, above 0, at most 10"
    assert values("num_users", fields["num_users"]) == "whole number, from 1"
    assert values("noise_frac", fields["noise_frac"]) == "share, from 0, below 1"
