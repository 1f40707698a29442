"""The four bars of the snapshot benchmark: what is run, and what must hold of it."""

import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.market import AS_OF, HORIZON_DAYS, write_pipeline
from bench.measured import WorkFailedError, run_measured

RUNNER = "bench.snapshot_run"
PEAK_GB, SLOPE = 12.0, 1.0
FAILED = "runs that failed"
GOWALLA, GOWALLA_FIRST, GOWALLA_DAYS = "configs/gowalla.yaml", date(2010, 9, 1), 30

Bar = dict[str, Any]
Run = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What this run of the benchmark measures.

    Attributes:
        folder: Scratch folder for lakes.
        markets: Folder of generated markets; they stay for the next run if it is not ``folder``.
        gowalla: Folder of the gowalla_cities tables.
        engines: ``duckdb``, ``spark`` or both.
        num_events: Size of the market of ``20m`` and ``incremental``.
        sizes: Numbers of events of ``scale``.
        repeats: Alternating runs of ``20m`` and ``incremental``; their medians are compared.
        num_days: Days of gowalla_cities.
        ratios: Engine -> bound of its time as a multiple of the time by hand.
        incremental_frac: Bound of an incremental day's time as a share of a full build's.
        growing_engines: Engines of ``scale`` and ``incremental``.
        overrides: ``section.key=value`` of every pipeline.
    """

    folder: Path
    markets: Path
    gowalla: Path
    engines: Sequence[str]
    num_events: int
    sizes: Sequence[int]
    repeats: int
    num_days: int
    ratios: Mapping[str, float]
    incremental_frac: float
    growing_engines: Sequence[str]
    overrides: Sequence[str]

    def market(self, num_events: int) -> Path:
        """Generates a market unless it is there, and returns its folder."""
        data = self.markets / f"market-{num_events}"
        if not data.exists():
            say(f"generating {num_events:,} events")
            made = run_measured(
                RUNNER, {"do": "market", "data": f"{data}.part", "num_events": num_events}
            )
            Path(f"{data}.part").rename(data)
            say(f"  {made['run_s']:.1f} s, peak {made['peak_gb']:.2f} GB")
        return data

    def by_hand(self, data: Path, out: Path) -> Run:
        """Builds the market's snapshot by hand into an empty folder."""
        _clear(out)
        return _told("by hand", run_measured(RUNNER, _request("by_hand", data=data, out=out)))

    def product(self, engine: str, data: Path, lake: Path, as_of: str) -> Run:
        """Builds one snapshot of the market with the product."""
        config = write_pipeline(lake.with_suffix(".yaml"), data, lake, engine)
        return self.days(engine, config, [as_of], self.overrides)

    def days(
        self, engine: str, config: Path | str, days: Sequence[str], overrides: Sequence[str]
    ) -> Run:
        """Builds the snapshots of days, in the given order, in one process."""
        request = _request("product", config=config, days=list(days), overrides=list(overrides))
        name = f"{engine} {days[0]}" + (f" .. {days[-1]}" if len(days) > 1 else "")
        return _told(name, run_measured(RUNNER, request))


def by_hand_bars(plan: Plan) -> tuple[list[Bar], dict[str, Any]]:
    """Compares the engines with the same work by hand: time and rows."""
    data, hand = plan.market(plan.num_events), plan.folder / "by_hand"
    runs: dict[str, list[Run]] = {name: [] for name in ("by_hand", *plan.engines)}
    differences: dict[str, list[str]] = {}
    for _ in range(plan.repeats):
        runs["by_hand"].append(plan.by_hand(data, hand))
        for engine in plan.engines:
            lake = plan.folder / f"lake-{engine}"
            _clear(lake)
            run = plan.product(engine, data, lake, _day(0))
            runs[engine].append(run)
            if engine not in differences:
                differences[engine] = _differences(_folder(run, _day(0)), hand)
            _clear(lake)
    _clear(hand)
    by_hand_s = _median_s(runs["by_hand"])
    bars = []
    for engine in plan.engines:
        ratio = _median_s(runs[engine]) / by_hand_s
        name = f"{engine}: time as a multiple of the time by hand, {plan.num_events:,} events"
        bars.append(_bar("20m", name, ratio, plan.ratios[engine], "hand-written DuckDB SQL"))
        name = f"{engine}: tables whose rows differ from those by hand"
        bars.append(_equal_bar("20m", name, differences[engine], "hand-written DuckDB SQL"))
    return bars, {name: _summary(found) for name, found in runs.items()}


def scale_bars(plan: Plan) -> tuple[list[Bar], dict[str, Any]]:
    """Builds markets of growing size; all must complete, in bounded memory and linear time."""
    runs: dict[str, list[Run]] = {engine: [] for engine in plan.growing_engines}
    failed: dict[str, str] = {}
    for num_events in plan.sizes:
        data = plan.market(num_events)
        for engine in runs:
            lake = plan.folder / f"lake-{engine}"
            try:
                run = plan.product(engine, data, lake, _day(0))
                per_event = {
                    "num_events": num_events,
                    "us_per_event": run["run_s"] / num_events * 1e6,
                }
                runs[engine].append({**run, **per_event})
            except WorkFailedError as error:
                failed.setdefault(engine, f"{num_events:,} events: {error}")
            _clear(lake)
        if plan.markets == plan.folder and num_events != plan.num_events:
            _clear(data)
    bars = []
    for engine, found in runs.items():
        name = f"{engine}: sizes that failed, of {len(plan.sizes)} up to {max(plan.sizes):,}"
        bars.append(_equal_bar("scale", name, [failed[engine]] if engine in failed else [], ""))
        peak = max((run["peak_gb"] for run in found), default=math.inf)
        name = f"{engine}: largest resident memory of all its processes (GB)"
        bars.append(_bar("scale", name, peak, PEAK_GB, ""))
        name = f"{engine}: least-squares slope of log(seconds) over log(events)"
        bars.append(_bar("scale", name, slope(found), SLOPE, "linear time"))
    points = {
        engine: [
            {
                key: _rounded(run[key])
                for key in ("num_events", "start_s", "run_s", "us_per_event", "cpu_s", "peak_gb")
            }
            for run in found
        ]
        for engine, found in runs.items()
    }
    return bars, points


def slope(runs: Sequence[Mapping[str, Any]]) -> float:
    """Fits log(run_s) = a + slope * log(num_events); infinite for fewer than two runs."""
    if len(runs) < 2:
        return math.inf
    events = np.log([run["num_events"] for run in runs])
    seconds = np.log([run["run_s"] for run in runs])
    return float(np.polyfit(events, seconds, 1)[0])


def incremental_bars(plan: Plan) -> tuple[list[Bar], dict[str, Any]]:
    """Builds day D+1 with the days before in the lake and without them: time and rows."""
    data, bars, found = plan.market(plan.num_events), [], {}
    for engine in plan.growing_engines:
        before = plan.folder / "lake-before"
        config = write_pipeline(before.with_suffix(".yaml"), data, before, engine)
        # As every day of a running pipeline finds them: the day before, and the day of the cut.
        plan.days(engine, config, [_day(1 - HORIZON_DAYS), _day(0)], plan.overrides)
        runs: dict[str, list[Run]] = {"full": [], "incremental": []}
        differences: list[str] = []
        for _ in range(plan.repeats):
            full, after = plan.folder / "lake-full", plan.folder / "lake-after"
            shutil.copytree(before, after, copy_function=os.link)
            runs["full"].append(plan.product(engine, data, full, _day(1)))
            runs["incremental"].append(plan.product(engine, data, after, _day(1)))
            folders = [_folder(kind[-1], _day(1)) for kind in runs.values()]
            differences = differences or _differences(*folders)
            _clear(full)
            _clear(after)
        _clear(before)
        frac = _median_s(runs["incremental"]) / _median_s(runs["full"])
        name = f"{engine}: incremental day as a share of a full build, {plan.num_events:,} events"
        bars.append(
            _bar("incremental", name, frac, plan.incremental_frac, "full build of that day")
        )
        name = f"{engine}: tables whose rows differ from the full build's"
        bars.append(_equal_bar("incremental", name, differences, "full build of that day"))
        found[engine] = {
            **{name: _summary(each) for name, each in runs.items()},
            "same_bytes": len({_files(each[-1], _day(1)) for each in runs.values()}) == 1,
        }
    return bars, found


def gowalla_bars(plan: Plan) -> tuple[list[Bar], dict[str, Any]]:
    """Builds every day of gowalla_cities in order and in reverse order: equal files."""
    days = [(GOWALLA_FIRST + timedelta(number)).isoformat() for number in range(plan.num_days)]
    runs = {}
    for name, order in (("forward", days), ("reverse", days[::-1])):
        lake = plan.folder / f"gowalla-{name}"
        own = [f"source.root={plan.gowalla.resolve()}", f"lake.root={lake}"]
        overrides = ["snapshot.engine=duckdb", *plan.overrides, *own]
        runs[name] = plan.days("duckdb", GOWALLA, order, overrides)
        _clear(lake)
    wrong = [day for day in days if _files(runs["forward"], day) != _files(runs["reverse"], day)]
    name = f"gowalla_cities: days of {len(days)} whose files differ between the two orders"
    bar = _equal_bar("gowalla", name, wrong, "the same days built forward")
    seconds = {name: _summary([run]) for name, run in runs.items()}
    return [bar], {"days": days, **seconds}


SECTIONS: dict[str, Callable[[Plan], tuple[list[Bar], dict[str, Any]]]] = {
    "20m": by_hand_bars,
    "scale": scale_bars,
    "incremental": incremental_bars,
    "gowalla": gowalla_bars,
}


def run_section(name: str, plan: Plan) -> tuple[list[Bar], dict[str, Any]]:
    """Runs one section; work that fails is a bar that does not hold."""
    say(f"== {name}")
    try:
        return SECTIONS[name](plan)
    except WorkFailedError as error:
        say(str(error))
        return [_equal_bar(name, FAILED, [str(error)], "")], {}


def say(text: str) -> None:
    """Tells on standard error what is done."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def _bar(section: str, name: str, value: float, bound: float, peer: str) -> Bar:
    return {
        "section": section,
        "name": name,
        "value": _rounded(value) if math.isfinite(value) else None,
        "bound": bound,
        "peer": peer,
        "pass": value <= bound,
    }


def _equal_bar(section: str, name: str, found: Sequence[str], peer: str) -> Bar:
    return {**_bar(section, name, len(found), 0, peer), "found": list(found)}


def _summary(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "median_s": _rounded(_median_s(runs)),
        "run_s": [_rounded(run["run_s"]) for run in runs],
        "cpu_s": [_rounded(run["cpu_s"]) for run in runs],
        "start_s": [_rounded(run["start_s"]) for run in runs],
        "wall_s": [_rounded(run["wall_s"]) for run in runs],
        "peak_gb": [_rounded(run["peak_gb"]) for run in runs],
        "phases": runs[-1]["phases"],
    }


def _median_s(runs: Sequence[Run]) -> float:
    return median(run["run_s"] for run in runs)


def _rounded(value: float) -> float:
    return round(value, 3)


def _differences(ours: str | Path, theirs: str | Path) -> list[str]:
    found = run_measured(RUNNER, _request("compare", ours=ours, theirs=theirs))["differences"]
    say(f"  rows: {'; '.join(found) or 'equal'}")
    return list(found)


def _folder(run: Run, day: str) -> str:
    return str(run["built"][day]["folder"])


def _files(run: Run, day: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(run["built"][day]["files"].items()))


def _day(number: int) -> str:
    return (AS_OF + timedelta(days=number)).date().isoformat()


def _request(do: str, **parts: object) -> dict[str, Any]:
    return {
        "do": do,
        **{key: str(part) if isinstance(part, Path) else part for key, part in parts.items()},
    }


def _told(name: str, run: Run) -> Run:
    start = f" + {run['start_s']:.1f} s start" if run["start_s"] > 0.5 else ""
    used = f"{run['run_s']:.2f} s ({run['cpu_s']:.2f} s CPU){start}"
    say(f"  {name}: {used}, peak {run['peak_gb']:.2f} GB")
    return run


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
