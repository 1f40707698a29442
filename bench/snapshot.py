r"""Benchmark of the snapshot builder: as fast as by hand, at any size, and equal in any order.

Four sections, each with bars that must hold:

20m          20 million events: DuckDB within 1.5x, Spark local[2] within 6x of the same tables
             made by hand in DuckDB; equal rows. Medians of three alternating runs.
scale        up to 200 million events: every size completes, under 12 GB of resident memory,
             and the least-squares slope of log(seconds) over log(events) is at most 1.
incremental  a day with 1 % new events takes at most 40 % of a full build; equal rows.
gowalla      every day of 2010-09 built in order and in reverse order: equal files.

Everything runs in processes of its own on two cores. The full run takes two hours; it may be run
section by section and engine by engine, with the same --json. Seconds are those of the job: the
start of Python and of Spark's JVM is reported apart. Data is generated, except gowalla_cities.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogFormatter, NullFormatter, StrMethodFormatter

from bench.market import market_size
from bench.measured import GB, NUM_CORES
from bench.snapshot_bars import (
    FAILED,
    GOWALLA_DAYS,
    PEAK_GB,
    SECTIONS,
    Bar,
    Plan,
    run_section,
    say,
    slope,
)

Bars = dict[tuple[str, str], Bar]
"""Section and name -> bar."""
ENGINES = ("duckdb", "spark")
FULL_EVENTS, QUICK_EVENTS = 20_000_000, 500_000
FULL_SIZES = (200_000, 1_000_000, 6_000_000, 35_000_000, 200_000_000)
"""Three decades in steps of about 5.6, from a small market to a large one."""
QUICK_SIZES = (31_250, 62_500, 125_000, 250_000, 500_000)
FULL_RATIOS = {"duckdb": 1.5, "spark": 6.0}
FULL_INCREMENTAL, QUICK_INCREMENTAL = 0.4, 1.5
QUICK_RATIOS = {"duckdb": 5.0, "spark": 60.0}
"""Wider, because fixed costs (planning, one job per query) outweigh the rows of a small market."""
PACKAGES = ("duckdb", "pyspark", "sqlglot", "pyarrow", "numpy", "psutil")
EXAMPLES = """examples:
  python -m bench.snapshot --quick --bars 20m,scale,incremental
  python -m bench.snapshot --quick --data ../data/gowalla_cities --json /tmp/quick.json
  python -m bench.snapshot --data ../data/gowalla_cities --work /big/disk \\
      --json bench/results/snapshot.json --plot bench/results/snapshot.png
  python -m bench.snapshot --bars incremental --engines duckdb --json bench/results/snapshot.json
  python -m bench.snapshot --bars scale --engines duckdb --sizes 1e6,2e6,4e6,8e6,16e6
"""


def main() -> int:
    """Runs the benchmark and returns 0 when every bar holds."""
    given = arguments()
    sections = given.bars.split(",")
    if given.work:
        given.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.work) as scratch:
        plan = make_plan(given, Path(scratch))
        setting = settings(given, plan)
        bars, results = measured_before(given.json, setting)
        for name in sections:
            found, own = run_section(name, plan)
            results[name] = {**results.get(name, {}), **own}
            bars.pop((name, FAILED), None)
            bars.update({(bar["section"], bar["name"]): bar for bar in found})
            text = json.dumps(report(setting, bars, results), indent=2)
            if given.json:  # after each section: the next one may take an hour
                given.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    if given.plot and "scale" in results:
        plot(results["scale"], given.plot)
    for bar in bars.values():
        verdict = "holds" if bar["pass"] else "FAILS"
        say(f"{verdict}  {bar['value']} (<= {bar['bound']}) {bar['name']}")
    return 0 if all(bar["pass"] for bar in bars.values()) else 1


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small data, one run, wider bounds for what fixed costs decide",
    )
    parser.add_argument("--json", type=Path, help="write the result here; what an earlier run "
                        "with equal settings measured stays")  # fmt: skip
    parser.add_argument("--plot", type=Path, help="write the log-log plot of `scale` here (PNG)")
    parser.add_argument(
        "--bars", default=",".join(SECTIONS), help="sections; default: %(default)s"
    )
    parser.add_argument("--engines", default=",".join(ENGINES), help="default: %(default)s")
    parser.add_argument("--data", type=Path, default=Path("data/gowalla_cities"),
                        help="folder of gowalla_cities; default: %(default)s")  # fmt: skip
    parser.add_argument("--events", type=float, help="events of 20m and incremental")
    parser.add_argument("--sizes", help="events of scale, as 1e6,2e6,...")
    parser.add_argument("--repeats", type=int, help="runs of 20m and incremental; default: 3")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE",
                        help="override a setting of every pipeline")  # fmt: skip
    parser.add_argument("--work", type=Path, help="scratch folder, where generated markets stay "
                        "for the next run; 200 million events need 40 GB")  # fmt: skip
    given = parser.parse_args()
    if unknown := set(given.bars.split(",")) - set(SECTIONS):
        parser.error(f"--bars knows {', '.join(SECTIONS)}; found {', '.join(sorted(unknown))}")
    if unknown := set(given.engines.split(",")) - set(ENGINES):
        parser.error(f"--engines knows {', '.join(ENGINES)}; found {', '.join(sorted(unknown))}")
    if "gowalla" in given.bars and not (given.data / "events.parquet").exists():
        parser.error(
            f"{given.data} holds no events.parquet: give --data, or --bars without gowalla"
        )
    return given


def make_plan(given: argparse.Namespace, folder: Path) -> Plan:
    """Makes the plan of a full or a quick run."""
    engines = given.engines.split(",")
    sizes: tuple[int, ...] = QUICK_SIZES if given.quick else FULL_SIZES
    if given.sizes:
        sizes = tuple(int(float(size)) for size in given.sizes.split(","))
    return Plan(
        folder=folder,
        markets=given.work or folder,
        gowalla=given.data,
        engines=engines,
        num_events=int(given.events or (QUICK_EVENTS if given.quick else FULL_EVENTS)),
        sizes=sizes,
        repeats=given.repeats or (1 if given.quick else 3),
        num_days=5 if given.quick else GOWALLA_DAYS,
        ratios=QUICK_RATIOS if given.quick else FULL_RATIOS,
        incremental_frac=QUICK_INCREMENTAL if given.quick else FULL_INCREMENTAL,
        # Half a minute per build of Spark, however small, is not quick.
        growing_engines=engines[:1] if given.quick else engines,
        overrides=given.set,
    )


def settings(given: argparse.Namespace, plan: Plan) -> dict[str, Any]:
    """Returns what results must have in common to stand in one file."""
    size = market_size(plan.num_events)
    return {
        "benchmark": "snapshot",
        "quick": given.quick,
        "market": {
            "num_events": size.num_events,
            "num_users": size.num_users,
            "num_items": size.num_items,
        },
        "sizes": list(plan.sizes),
        "settings": list(plan.overrides),
        "cores": NUM_CORES,
        "machine": {
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / GB, 1),
            "system": platform.platform(),
        },
        "versions": versions(),
    }


def measured_before(path: Path | None, setting: Mapping[str, Any]) -> tuple[Bars, dict[str, Any]]:
    """Reads the bars and results of an earlier run with equal settings, if any."""
    if path is None or not path.exists():
        return {}, {}
    before = json.loads(path.read_text(encoding="utf-8"))
    if any(before.get(key) != value for key, value in setting.items()):
        say(f"{path} is of another setting: it is written anew")
        return {}, {}
    return {(bar["section"], bar["name"]): bar for bar in before["bars"]}, before["results"]


def report(setting: Mapping[str, Any], bars: Bars, results: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what goes into the JSON; ``pass`` needs every section and every bar."""
    missing = [name for name in SECTIONS if name not in results]
    return {
        **setting,
        "pass": not missing and all(bar["pass"] for bar in bars.values()),
        "missing": missing,
        "bars": list(bars.values()),
        "results": results,
    }


def versions() -> dict[str, str]:
    """Returns the versions of Python, Java and the packages that do the work."""
    found = {"python": platform.python_version(), "java": java_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "none"
    return found


def java_version() -> str:
    """Returns the first line of ``java -version``."""
    java = shutil.which("java")
    if java is None:
        return "none"
    done = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
    return (done.stderr or done.stdout).splitlines()[0]


def plot(points: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draws seconds and memory over events on log-log axes, beside a line of slope 1."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    times, memory = figure.subplots(1, 2)
    sizes = sorted({run["num_events"] / 1e6 for runs in points.values() for run in runs})
    for engine, runs in points.items():
        events = [run["num_events"] / 1e6 for run in runs]
        seconds = [run["run_s"] for run in runs]
        times.loglog(events, seconds, "o-", label=f"{engine}, slope {slope(runs):.2f}")
        memory.loglog(events, [run["peak_gb"] for run in runs], "o-", label=engine)
    if all(points.values()):
        events = [run["num_events"] / 1e6 for run in next(iter(points.values()))]
        top = max(runs[0]["run_s"] for runs in points.values())
        linear = [top * size / events[0] for size in events]
        times.loglog(events, linear, ":", color="grey", label="linear time, slope 1")
    memory.axhline(PEAK_GB, linestyle=":", color="grey", label=f"bound, {PEAK_GB:.0f} GB")
    times.set_ylabel("seconds of the job, without the start")
    memory.set_ylabel("peak resident memory (GB)")
    for axes in (times, memory):
        axes.set_xlabel("million events")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend()
    figure.suptitle(f"A snapshot on {NUM_CORES} cores")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
