"""Reads a model (JSON file), simulates it on the SimPy that is installed, prints the totals and its own time."""

import json
import sys
import time


def engine():
    try:
        import simpy3 as found

        return "3", found
    except ImportError:
        import simpy2 as found

        return "2", found


def main(path):
    version, found = engine()
    if path == "--version":
        print(json.dumps({"simpy": version}))
        return
    with open(path, encoding="utf-8") as file:
        model = json.load(file)
    totals = {"nodes": 0, "sumOfNodeEnds": 0, "surgeMilliseconds": 0}
    began = time.perf_counter()
    totals["end"] = found.simulate(model, totals)
    milliseconds = (time.perf_counter() - began) * 1000
    print(json.dumps({"simpy": version, "milliseconds": milliseconds, "totals": totals}))


main(sys.argv[1])
