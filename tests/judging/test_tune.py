"""tune: it scores as a choice does, gets better or stays, goes on, and reads no holdout."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from optuna.trial import TrialState
from rich.console import Console

from graphrec.jobs import choose_recommender, train_model
from graphrec.jobs import tune as job
from graphrec.jobs.progress import Lines
from graphrec_core.config import STEPS, PipelineConfig, StepName, search_space
from graphrec_core.config.model import PopularityConfig
from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, ConfigError, RefusedError
from graphrec_core.evaluation.contest import score
from graphrec_core.judging import tune
from graphrec_core.judging.trial import Trials
from graphrec_core.judging.tune import Search, Tuned, key_of, study_id_of
from graphrec_core.lake.layout import edges_file, holdout_file
from graphrec_core.lake.records import ChoiceFigures
from graphrec_core.types import Region, View
from tests.judging.test_choose import ALONE, LEARNED, SOURCES, TREES, make_config, write_days
from tests.support.recommit import replace_file
from tests.support.snapshots import AS_OF, write_tiny_snapshot

EAST = Region("east")


def search(config: PipelineConfig, num_trials: int, timeout_s: float = 0, file: str = "") -> Tuned:
    lines: list[str] = []
    path = Path(file or Day(config, AS_OF).lake.storage.uri("study").removeprefix("file://"))
    found = Search(Trials(Day(config, AS_OF)), path, lines.append).run(num_trials, timeout_s)
    assert len(lines) >= 1
    return found


def test_a_trial_is_scored_as_a_challenger_is(tmp_path: Path) -> None:
    """By the same queries, with its ranker fitted to the same earlier windows."""
    config = make_config(tmp_path, ALONE | LEARNED)
    write_days(config)
    pool = choose_recommender.run(Day(config, AS_OF)).figures(ChoiceFigures).pool
    trials = Trials(Day(config, AS_OF))
    assert [len(trials.earlier), len(trials.regions)] == [1, 2]
    for name, one in config.recommender.contenders.items():
        steps: list[tuple[int, float]] = []
        found = trials.measured(one, lambda *told, steps=steps: steps.append(told))
        assert score(found) == pytest.approx(pool.contenders[name].score)
        assert len(found["recall"]) == pool.num_queries
        assert [step for step, _ in steps] == [1, 2]
        assert steps[-1][1] == score(found)


def test_a_learned_ranker_is_fitted_to_one_window_first(tmp_path: Path) -> None:
    config = make_config(tmp_path, {}, ranker={**TREES, "num_windows": 3})
    write_days(config)
    write_tiny_snapshot(config, AS_OF - 2 * config.time.horizon, seed=2)
    trials, steps = Trials(Day(config, AS_OF)), list[tuple[int, float]]()
    whole = trials.measured(config.recommender, lambda *told: steps.append(told))
    short = {**TREES, "num_windows": 2}
    first = RecommenderConfig.model_validate({"sources": SOURCES, "ranker": short})
    assert [step for step, _ in steps] == [1, 2, 3, 4]
    assert steps[1][1] == score(trials.measured(first, lambda *_: None)) != steps[3][1]
    assert steps[3][1] == score(whole)


def test_it_gets_better_or_stays_and_says_which_lines(tmp_path: Path) -> None:
    """Walks alone find what lists merged with the popular ones do not."""
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    found = search(config, 8)
    assert found.old == config.recommender
    assert found.ratio is not None
    assert score(found.new_metrics) > score(found.old_metrics)
    assert found.ratio[0] == pytest.approx(score(found.new_metrics) / score(found.old_metrics))
    assert list(found.new.sources) == ["walks"]
    alone = Trials(Day(config, AS_OF)).measured(found.new, lambda *_: None)
    assert score(alone) == score(found.new_metrics)
    one = search(config, 1, file=str(tmp_path / "other"))  # the first trial is what is configured
    assert (one.new, one.ratio, one.num_trials) == (one.old, (1, 1, 1), 1)


def test_two_calls_are_one_and_nothing_is_measured_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    asked: Counter[str] = Counter()
    measured = Trials.measured

    def counted(self: Trials, recommender: RecommenderConfig, watch: Callable[..., Any]) -> Any:
        asked[key_of(recommender)] += 1
        return measured(self, recommender, watch)

    monkeypatch.setattr(Trials, "measured", counted)
    whole = search(config, 14, file=str(tmp_path / "whole"))
    assert set(asked.values()) == {1}
    num_measured = len(asked)
    asked.clear()
    first = search(config, 6, file=str(tmp_path / "parts"))
    seen = set(asked)
    again = search(config, 8, file=str(tmp_path / "parts"))
    assert (first.num_trials, again.num_trials, whole.num_trials) == (6, 14, 14)
    assert len(asked) == num_measured
    # A second call has not kept the values by query of the two that it compares.
    kept = {key_of(one) for one in (again.old, again.new)} & seen
    assert asked == Counter({key: 1 + (key in kept) for key in asked})
    assert _tried(tmp_path / "parts", again) == _tried(tmp_path / "whole", whole)
    assert (again.new, again.ratio) == (whole.new, whole.ratio)


def _tried(file: Path, found: Tuned) -> list[Any]:
    backend = optuna.storages.journal.JournalFileBackend(str(file))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name=found.study_id, storage=storage)
    return [(one.number, one.state, one.value, one.params) for one in study.trials]


def test_a_trial_that_was_killed_is_left_and_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    file = str(tmp_path / "study")
    monkeypatch.setattr(Trials, "measured", _kill)
    with pytest.raises(KeyboardInterrupt):
        search(config, 3, file=file)
    monkeypatch.undo()
    found = search(config, 3, file=file)
    states = [state for _, state, *_ in _tried(Path(file), found)]
    assert states[0] is TrialState.FAIL
    assert TrialState.RUNNING not in states
    assert found.num_trials == 4
    assert score(found.new_metrics) >= score(found.old_metrics)


def _kill(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_falls_behind_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "NUM_UNPRUNED", 1)
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    file = tmp_path / "study"
    found = search(config, 12, file=str(file))
    tried = _tried(file, found)
    given_up = [params for _, state, _, params in tried if state is TrialState.PRUNED]
    assert found.num_pruned == len(given_up) > 0
    whole = [value for _, state, value, _ in tried if state is TrialState.COMPLETE]
    assert max(whole) == score(found.new_metrics)
    assert not [one for one in given_up if one.get("sources.recent.use") is False]


def test_time_is_up_after_what_is_configured(tmp_path: Path) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    assert search(config, 50, timeout_s=1e-9).num_trials == 1


@pytest.mark.parametrize("view", [View.TRAIN, View.SERVE])
def test_it_has_seen_nothing_after_the_fit_holdout(tmp_path: Path, view: View) -> None:
    """Other pairs of the later views and of the holdout change not a bit of what is found."""
    wanted = _found_after(tmp_path / "as_it_is", {})
    later = {
        edges_file(view, "visited", EAST): edges_file(View.FIT, "visited", EAST),
        holdout_file(EAST): holdout_file(EAST, View.FIT),
    }
    assert _found_after(tmp_path / "changed", later) == wanted
    # Its twin: what it is scored by counts.
    other = {holdout_file(EAST, View.FIT): holdout_file(EAST)}
    assert _found_after(tmp_path / "other", other) != wanted


def _found_after(root: Path, replaced: dict[str, str]) -> tuple[Any, ...]:
    config = make_config(root, {})
    snapshot = write_tiny_snapshot(config)
    for name, other in replaced.items():
        assert snapshot.read(name) != snapshot.read(other)
        replace_file(Day(config, AS_OF).lake.storage, snapshot, name, snapshot.read(other))
    found = search(config, 4)
    return found.new, found.ratio, score(found.old_metrics)


def test_another_snapshot_base_or_measure_is_another_study(tmp_path: Path) -> None:
    config = make_config(tmp_path, {})
    write_days(config)
    own = study_id_of(Trials(Day(config, AS_OF)))
    assert study_id_of(Trials(Day(config, AS_OF))) == own
    measure = config.evaluation.model_copy(update={"k": 6})
    others = [
        Day(config, AS_OF - config.time.horizon),
        Day(make_config(tmp_path, {}, ranker={"offset": 61}), AS_OF),
        Day(config.model_copy(update={"evaluation": measure}), AS_OF),
    ]
    ids = {study_id_of(Trials(day)) for day in others}
    assert len(ids | {own}) == 4


def test_over_other_code_it_is_another_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    ids = {study_id_of(Trials(Day(config, AS_OF)))}
    for step in (StepName.WINDOW, StepName.RANKER, StepName.CHOICE):
        with monkeypatch.context() as patch:
            patch.setitem(STEPS, step, replace(STEPS[step], version=99))
            ids.add(study_id_of(Trials(Day(config, AS_OF))))
    monkeypatch.setattr(PopularityConfig, "version", 2)
    ids.add(study_id_of(Trials(Day(config, AS_OF))))
    assert len(ids) == 5


def test_what_cannot_be_scored_is_refused(tmp_path: Path) -> None:
    config = make_config(tmp_path / "nothing", {})
    with pytest.raises(AbsentError, match="snapshots/"):
        search(config, 1)
    config = make_config(tmp_path / "learned", {}, ranker=TREES)
    write_tiny_snapshot(config)
    with pytest.raises(AbsentError, match="needs a window before the day's own"):
        search(config, 1)
    config = make_config(tmp_path / "young", {})
    write_tiny_snapshot(config, has_fit=False)
    with pytest.raises(RefusedError, match=r"training\.min_queries is 30"):
        search(config, 2)


def test_a_region_that_lacks_a_model_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sources = {**SOURCES, "taste": {"model": "lightgcn", "embedding_dim": 8}}
    config = make_config(tmp_path, {}, sources=sources)
    write_tiny_snapshot(config)
    with pytest.raises(AbsentError, match="needs a model of source taste"):
        search(config, 1)
    train_model.run(Day(config, AS_OF), EAST, list(sources))
    assert Trials(Day(config, AS_OF)).regions == [EAST]
    assert "west: some source has no model; not counted" in caplog.text
    found = search(config, 3)
    assert 30 < found.num_queries == len(found.new_metrics["recall"])
    train_model.run(Day(config, AS_OF), Region("west"), list(sources))
    assert search(config, 1).num_queries > found.num_queries


def test_the_command_says_old_and_new_and_keeps_its_trials_in_the_lake(tmp_path: Path) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    progress = Lines(Console(stderr=True, quiet=True))
    found = job.run(Day(config, AS_OF), progress, 8, 0)
    assert (tmp_path / "tiny" / "tuning" / f"{found['study']}.journal").is_file()
    text = job.as_text(found)
    assert f"Old: score {found['old']['score']:.4f}, recall" in text
    assert f"{found['ratio']['value']:.3f} times the old score" in text
    assert "-    recent: {model: popularity, window_days: 28}" in text.splitlines()
    assert "the best of 8 trials is flattered" in text
    assert job.run(Day(config, AS_OF), progress, 1, 0)["num_trials"] == 9
    # A file that leaves it to auto has none of these lines: it takes the whole section.
    whole = job.run(Day(config, AS_OF), progress, 1, 0, is_whole=True)["lines"]
    section = yaml.safe_load("\n".join(whole))["recommender"]
    assert list(RecommenderConfig.model_validate(section).sources) == ["walks"]
    nothing = {**found, "lines": []}
    assert job.as_text(nothing).startswith("Nothing of 8 trials is better")


def test_without_a_folder_a_file_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    day = Day(config, AS_OF)
    progress = Lines(Console(stderr=True, quiet=True))
    monkeypatch.setattr(type(day.lake.storage), "uri", lambda *_: "s3://bucket/study")
    with pytest.raises(ConfigError, match="--study FILE"):
        job.run(day, progress, 1, 0)
    assert job.run(day, progress, 1, 0, str(tmp_path / "own.journal"))["num_trials"] == 1
    assert (tmp_path / "own.journal").is_file()


def test_a_second_call_at_once_is_refused_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    file, measured = str(tmp_path / "study"), Trials.measured

    def meanwhile(self: Trials, *given: Any) -> Any:
        with pytest.raises(ConfigError, match="another one is at work"):
            search(config, 1, file=file)
        return measured(self, *given)

    monkeypatch.setattr(Trials, "measured", meanwhile)
    assert search(config, 2, file=file).num_trials == 2
    monkeypatch.undo()
    assert search(config, 1, file=file).num_trials == 3  # the first has ended


def test_a_damaged_file_of_trials_and_one_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    config = make_config(tmp_path / "lake", {})
    write_tiny_snapshot(config)
    file = tmp_path / "study"
    search(config, 1, file=str(file))
    for damage in ("{]\n", "[1]\n", "{}\n"):
        kept = file.read_text(encoding="utf-8")
        first, rest = kept.split("\n", 1)
        file.write_text(f"{first}\n{damage}{rest}", encoding="utf-8")
        with pytest.raises(ConfigError, match="must be a file of trials"):
            search(config, 1, file=str(file))
        file.write_text(kept, encoding="utf-8")
    with pytest.raises(ConfigError, match="must be a file of trials"):
        search(config, 1, file=str(file / "below"))  # in a folder that is a file


@pytest.mark.parametrize("text", ["recommender: {}\n", "{}\n", "[1]\n", "5\n", "\xff\n", None])
def test_another_file_is_left_as_it_is(tmp_path: Path, text: str | None) -> None:
    config = make_config(tmp_path / "lake", {})
    write_tiny_snapshot(config)
    file = tmp_path / "study"
    if text is None:
        file.mkdir()
    else:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match="must be a file of trials, or a new one"):
        search(config, 1, file=str(file))
    assert text is None or file.read_bytes() == text.encode("latin-1")


def test_what_was_given_up_once_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two sources without settings there are three recommenders."""
    monkeypatch.setattr(tune, "NUM_UNPRUNED", 1)
    monkeypatch.setattr(tune, "NUM_RANDOM", 1000)
    monkeypatch.setattr(search_space, "SOURCE_SPACES", {})
    monkeypatch.setattr(search_space, "RANKER_SPACES", {})
    asked: list[str] = []
    measured = Trials.measured
    monkeypatch.setattr(
        Trials,
        "measured",
        lambda self, one, watch: asked.append(key_of(one)) or measured(self, one, watch),
    )
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    found = search(config, 20, file=str(tmp_path / "study"))
    assert len(asked) == len(set(asked)) == 3
    states = [state for _, state, *_ in _tried(tmp_path / "study", found)]
    assert states.count(TrialState.PRUNED) == found.num_pruned > 1
    assert states.count(TrialState.COMPLETE) == 20 - found.num_pruned


def test_challengers_are_left_beside_what_is_found(tmp_path: Path) -> None:
    """What a challenger names stays in; one that the recommender became is none any more."""
    rivals = {"popular_ones": {"sources": ["recent"]}, "late": {"ranker": {"offset": 9}}}
    config = make_config(tmp_path, rivals)
    write_tiny_snapshot(config)
    found = search(config, 6)
    assert found.old == config.recommender
    assert "recent" in found.new.sources
    assert set(found.new.challengers) <= set(rivals)
