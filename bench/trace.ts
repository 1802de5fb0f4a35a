import type { Transition, World } from "../shared/simulator/model.ts";
import type { FleetShape } from "./fleet-shape.ts";
import { AFTER_STAGE_WAIT_SECONDS, stagesOf, upgradeApart, upgradeByRun } from "./simulate.ts";

/**
 * A simulated upgrade as numbers: how long each phase of each node takes. Another simulator that is given
 * these has to schedule the same phases, and must arrive at the same totals.
 */
export interface Model {
  /** Each cluster alone, or all in the stages of a run. */
  readonly clusters: readonly (readonly PoolModel[])[];
  /** Indices of clusters, by stage and group; absent when each is alone. */
  readonly stages?: readonly (readonly (readonly number[])[])[];
  readonly afterStageWait: number;
  /** From the start of the run to that of its first members. */
  readonly firstStart: number;
}

export interface PoolModel {
  /** `[create, drain, delete]` of each surge node. */
  readonly surge: readonly number[][];
  /** `[drain, reimage]` of each node, in the order of their upgrades. */
  readonly nodes: readonly number[][];
  /** From the last surge node's end to the end of the operation. */
  readonly settle: number;
}

/** What any simulator of the model must come to, whatever its order within one millisecond. */
export interface Totals {
  readonly end: number;
  readonly nodes: number;
  readonly sumOfNodeEnds: number;
  readonly surgeMilliseconds: number;
}

export interface Traced {
  readonly model: Model;
  readonly totals: Totals;
}

export function traceApart(shape: FleetShape): Traced {
  const trace = new Trace();
  const { end } = upgradeApart(shape, (world) => trace.follow(world));
  return trace.read(end);
}

export function traceRun(shape: FleetShape): Traced {
  const trace = new Trace();
  const { end } = upgradeByRun(shape, (world) => trace.follow(world));
  const { model, totals } = trace.read(end);
  return { model: { ...model, stages: stagesOf(shape) }, totals };
}

interface NodeTrace {
  readonly isSurge: boolean;
  readonly phases: number[];
  readonly createdAt: number;
  since: number;
}

interface PoolTrace {
  readonly nodes: Map<string, NodeTrace>;
  rolledAt: number | undefined;
  settle: number;
}

class Trace {
  readonly #clusters = new Map<string, Map<string, PoolTrace>>();
  #firstStart: number | undefined;
  #nodes = 0;
  #sumOfNodeEnds = 0;
  #surgeMilliseconds = 0;

  follow(world: World): void {
    for (const { id, pools } of world.clusters.values()) {
      const traces = [...pools.keys()].map((name): [string, PoolTrace] => [
        name,
        { nodes: new Map(), rolledAt: undefined, settle: 0 },
      ]);
      this.#clusters.set(id, new Map(traces));
    }
    world.subscribe((transition) => this.#note(transition));
  }

  read(end: number): Traced {
    const clusters = [...this.#clusters.values()].map((pools) => [...pools.values()].map(poolOf));
    return {
      model: {
        clusters,
        afterStageWait: AFTER_STAGE_WAIT_SECONDS * 1_000,
        firstStart: this.#firstStart ?? 0,
      },
      totals: {
        end,
        nodes: this.#nodes,
        sumOfNodeEnds: this.#sumOfNodeEnds,
        surgeMilliseconds: this.#surgeMilliseconds,
      },
    };
  }

  #note(transition: Transition): void {
    if (transition.kind !== "node" && transition.kind !== "pool") return;
    const pool = this.#clusters.get(transition.cluster)?.get(transition.pool);
    if (pool === undefined) throw new Error(`no pool ${transition.pool}`);
    this.#firstStart ??= transition.at;
    if (transition.kind === "node") this.#noteNode(pool, transition);
    else if (transition.change === "RollingSucceeded") pool.rolledAt = transition.at;
    else if (transition.change === "Changed" && pool.rolledAt !== undefined) {
      pool.settle = transition.at - pool.rolledAt;
    }
  }

  #noteNode(pool: PoolTrace, { node, change, at }: Transition & { readonly kind: "node" }): void {
    const trace = pool.nodes.get(node);
    switch (change) {
      case "SurgeCreating":
        pool.nodes.set(node, { isSurge: true, phases: [], createdAt: at, since: at });
        return;
      case "Draining":
        if (trace) trace.since = at;
        else pool.nodes.set(node, { isSurge: false, phases: [], createdAt: at, since: at });
        return;
      case "Reimaging":
      case "SurgeDeleting":
        if (trace) trace.since = at;
        return;
      case "SurgeReady":
      case "Drained":
        trace?.phases.push(at - trace.since);
        return;
      case "Upgraded":
        trace?.phases.push(at - trace.since);
        this.#nodes += 1;
        this.#sumOfNodeEnds += at;
        return;
      case "Removed":
        trace?.phases.push(at - trace.since);
        this.#surgeMilliseconds += at - (trace?.createdAt ?? at);
        return;
      default:
    }
  }
}

function poolOf({ nodes, settle }: PoolTrace): PoolModel {
  const traces = [...nodes.values()];
  return {
    surge: traces.filter(({ isSurge }) => isSurge).map(({ phases }) => phases),
    nodes: traces.filter(({ isSurge }) => !isSurge).map(({ phases }) => phases),
    settle,
  };
}
