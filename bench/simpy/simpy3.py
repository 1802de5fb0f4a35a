"""The bench's model of an upgrade on SimPy 3 and later (Debian: python3-simpy3)."""

import simpy


def node_upgrade(env, phases, totals):
    for phase in phases:
        yield env.timeout(phase)
    totals["nodes"] += 1
    totals["sumOfNodeEnds"] += env.now


def surge_removal(env, phases, began, totals):
    for phase in phases:
        yield env.timeout(phase)
    totals["surgeMilliseconds"] += env.now - began


def pool_upgrade(env, pool, totals):
    began = env.now
    surge, nodes = pool["surge"], pool["nodes"]
    yield env.all_of([env.timeout(create) for create, _, _ in surge])
    for first in range(0, len(nodes), len(surge)):
        batch = nodes[first : first + len(surge)]
        yield env.all_of([env.process(node_upgrade(env, node, totals)) for node in batch])
    yield env.all_of(
        [env.process(surge_removal(env, node[1:], began, totals)) for node in surge]
    )
    yield env.timeout(pool["settle"])


def cluster_upgrade(env, pools, totals):
    return env.all_of([env.process(pool_upgrade(env, pool, totals)) for pool in pools])


def group_update(env, members, clusters, totals):
    for member in members:
        yield cluster_upgrade(env, clusters[member], totals)


def run_update(env, model, totals):
    yield env.timeout(model["firstStart"])
    for groups in model["stages"]:
        if not any(groups):  # a stage without members is skipped, and its wait with it
            continue
        yield env.all_of(
            [env.process(group_update(env, group, model["clusters"], totals)) for group in groups]
        )
        yield env.timeout(model["afterStageWait"])


def simulate(model, totals):
    """Returns when the last operation ended."""
    if "stages" in model:
        env = simpy.Environment()
        env.run(env.process(run_update(env, model, totals)))
        return env.now
    end = 0
    for pools in model["clusters"]:
        env = simpy.Environment()
        env.run(cluster_upgrade(env, pools, totals))
        end = max(end, env.now)
    return end
