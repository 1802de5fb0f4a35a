"""The bench's model of an upgrade on SimPy 2 (Debian 12: python3-simpy)."""

from SimPy.Simulation import Process, SimEvent, Simulation, hold, waitevent


class Joined:
    """Signals when so many processes have ended."""

    def __init__(self, sim, count):
        self.left = count
        self.event = SimEvent(sim=sim)

    def one(self):
        self.left -= 1
        if self.left == 0:
            self.event.signal()


class Phases(Process):
    def run(self, phases, ended):
        for phase in phases:
            yield hold, self, phase
        ended(self.sim.now())


class Pool(Process):
    def run(self, pool, totals, joined):
        began = self.sim.now()
        surge, nodes = pool["surge"], pool["nodes"]
        yield self.start_all([node[:1] for node in surge], lambda now: None)
        for first in range(0, len(nodes), len(surge)):
            yield self.start_all(nodes[first : first + len(surge)], totals.node_ended)
        yield self.start_all(
            [node[1:] for node in surge], lambda now: totals.surge_ended(now - began)
        )
        yield hold, self, pool["settle"]
        joined.one()

    def start_all(self, processes, ended):
        joined = Joined(self.sim, len(processes))

        def end_one(now):
            ended(now)
            joined.one()

        for phases in processes:
            process = Phases(sim=self.sim)
            self.sim.activate(process, process.run(phases, end_one))
        return waitevent, self, joined.event


class Group(Process):
    def run(self, members, clusters, totals, joined):
        for member in members:
            yield waitevent, self, start_cluster(self.sim, clusters[member], totals).event
        joined.one()


class Run(Process):
    def run(self, model, totals):
        yield hold, self, model["firstStart"]
        for groups in model["stages"]:
            occupied = [group for group in groups if group]
            if not occupied:  # a stage without members is skipped, and its wait with it
                continue
            joined = Joined(self.sim, len(occupied))
            for group in occupied:
                process = Group(sim=self.sim)
                self.sim.activate(process, process.run(group, model["clusters"], totals, joined))
            yield waitevent, self, joined.event
            yield hold, self, model["afterStageWait"]


def start_cluster(sim, pools, totals):
    joined = Joined(sim, len(pools))
    for pool in pools:
        process = Pool(sim=sim)
        sim.activate(process, process.run(pool, totals, joined))
    return joined


class Counter:
    def __init__(self, totals):
        self.totals = totals

    def node_ended(self, now):
        self.totals["nodes"] += 1
        self.totals["sumOfNodeEnds"] += now

    def surge_ended(self, milliseconds):
        self.totals["surgeMilliseconds"] += milliseconds


FAR_FUTURE = 2**53


def simulate(model, totals):
    """Returns when the last operation ended."""
    counter = Counter(totals)
    if "stages" in model:
        sim = Simulation()
        run = Run(sim=sim)
        sim.activate(run, run.run(model, counter))
        sim.simulate(until=FAR_FUTURE)
        return sim.now()
    end = 0
    for pools in model["clusters"]:
        sim = Simulation()
        start_cluster(sim, pools, counter)
        sim.simulate(until=FAR_FUTURE)
        end = max(end, sim.now())
    return end
