"""A program with the command line of ``graphrec`` that ends each step as a scenario says.

Beside the pipeline's YAML lies ``<name>.json``: step, or ``step[region]`` -> exit code, or a list
of exit codes, one a call; "not ready" is what ``wait-for-source`` says of a source that is not.
Every call is written to ``<name>.calls``.
"""

import argparse
import json
import logging
import sys
from pathlib import Path

from graphrec_core import log


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("step")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--as-of")
    parser.add_argument("--region", action="append", default=[])
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--view", default="")
    parser.add_argument("--timeout-s", default="")
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--by", default="")
    parser.add_argument("--reason", default="")
    call = parser.parse_args()
    name = call.step + (f"-{call.view}" if call.view else "")
    calls = call.config.with_suffix(".calls")
    key = f"{name}[{call.region[0]}]" if call.region else name
    previous = calls.read_text().splitlines() if calls.exists() else []
    tries = sum(json.loads(line)["key"] == key for line in previous)
    record = {"key": key, "as_of": call.as_of, "regions": call.region, "set": call.set}
    record["accepted"] = [call.rebuild, call.accept, call.by, call.reason]
    with calls.open("a") as file:
        file.write(json.dumps(record) + "\n")
    scenario = json.loads(call.config.with_suffix(".json").read_text())
    codes = scenario["codes"].get(key, 0)
    code = codes[min(tries, len(codes) - 1)] if isinstance(codes, list) else codes
    sys.stderr.write(f"log line of {key}\n")
    if code == "not ready":
        sys.stdout.write(json.dumps({"step": name, "ready": False}) + "\n")
        return 1
    if code == 0:
        sys.stdout.write(json.dumps({"step": name, "regions": scenario["regions"]}) + "\n")
    else:
        log.configure()
        message = f"RefusedError: It must end well.\n  found: {code} of {key}\n  to do: mend it"
        logging.getLogger("graphrec.jobs.cli").error(message)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
