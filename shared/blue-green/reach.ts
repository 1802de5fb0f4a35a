import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import { drainNodes } from "../drain/drain.ts";
import type { DrainDeps, DrainSettings } from "../drain/drain.ts";
import type { BegunOperation, NewNodePool, NodePoolDetails } from "../node-pool/ports.ts";
import { nextStep } from "./next-step.ts";
import type { Colour, ColourStep, Goal } from "./next-step.ts";
import { observe } from "./observe.ts";
import type { Colours, ObserveDeps } from "./observe.ts";
import {
  CORDONED_BY,
  frozenAutoscaler,
  TAG_AUTOSCALER,
  TAG_PEER,
  TAG_REPLACED,
  TAG_ROLE,
  withoutTags,
} from "./observed.ts";
import type { ObservedColours, Side } from "./observed.ts";

export interface ReachDeps extends ObserveDeps, DrainDeps {
  /** Says what green shall be; asked only when it has to be made. */
  newGreen(
    observed: ObservedColours,
  ): Promise<{ readonly name: string; readonly pool: NewNodePool }>;
  /** The user's own word on green: before the next batch of blue is drained, and before blue is deleted. */
  validate(observed: ObservedColours): Promise<void>;
}

export interface Reach extends Colours {
  readonly goal: Goal;
  readonly drainSettings: DrainSettings;
  readonly pollIntervalMilliseconds: number;
  readonly timeoutMilliseconds: number;
}

export interface Reached {
  readonly steps: readonly string[];
  readonly observed: ObservedColours;
}

/** Every goal is reached in fewer steps; more would be two hands that undo each other. */
const MAX_STEPS = 24;

/** Looks, takes one step, looks again, until the goal is reached: so a killed job is taken up where it was. */
export async function reach(deps: ReachDeps, request: Reach): Promise<Reached> {
  const steps: string[] = [];
  let colours: Colours = request;
  for (let count = 0; count < MAX_STEPS; count++) {
    const observed = await observe(deps, colours);
    const step = nextStep(observed, request.goal);
    if (step.kind === "done") return { steps, observed };
    if (step.kind === "refuse") throw refused(step, request.cluster);
    if (step.kind !== "wait") {
      steps.push(describe(step, observed));
      deps.log(describe(step, observed));
    }
    const green = await perform(deps, request, { observed, step });
    if (green !== undefined) colours = { ...colours, green };
  }
  throw new FleetwrightError("timed-out", `the pools did not become ${request.goal}`, {
    subject: request.cluster,
    remedy: "see the log for what is done again and again",
  });
}

function refused(
  { code, reason, remedy }: Extract<ColourStep, { kind: "refuse" }>,
  subject: ArmId,
): FleetwrightError {
  return new FleetwrightError(code, reason, { subject, remedy });
}

interface Standing {
  readonly observed: ObservedColours;
  readonly step: ColourStep;
}

/** Returns the name of green when it was made just now. */
async function perform(
  deps: ReachDeps,
  request: Reach,
  { observed, step }: Standing,
): Promise<string | undefined> {
  const { cluster } = request;
  switch (step.kind) {
    case "create-green":
      return createGreen(deps, cluster, observed);
    case "adopt-green":
      await adoptGreen(deps, observed);
      return;
    case "cordon":
      for (const node of step.nodes) await deps.drain.cordon(cluster, node, CORDONED_BY);
      return;
    case "uncordon":
      for (const node of step.nodes) await deps.drain.uncordon(cluster, node);
      return;
    case "drain":
      await drain(deps, request, { observed, step });
      return;
    case "wait":
      await waitFor(deps, request, sideOf(observed, step.side).pool);
      return;
    case "delete":
      if (step.side === "blue") await deps.validate(observed);
      await changePool(deps, step.kind, sideOf(observed, step.side).pool);
      return;
    case "reconcile":
    case "freeze":
    case "thaw":
      await changePool(deps, step.kind, sideOf(observed, step.side).pool);
      return;
    case "refuse":
    case "done":
      return;
  }
}

/** A roll-back waits for nobody's word: green is being given up. */
async function drain(
  deps: ReachDeps,
  { cluster, drainSettings }: Reach,
  {
    observed,
    step,
  }: {
    readonly observed: ObservedColours;
    readonly step: Extract<ColourStep, { kind: "cordon" | "uncordon" | "drain" }>;
  },
): Promise<void> {
  const betweenBatches = () => deps.validate(observed);
  const own = step.side === "blue" ? { ...deps, betweenBatches } : deps;
  await drainNodes(own, cluster, step.nodes, drainSettings);
}

function sideOf({ name, blue, green }: ObservedColours, side: Colour): Side {
  const found = side === "blue" ? blue : green;
  if (found !== undefined) return found;
  throw new FleetwrightError("not-found", `the ${side} pool of ${name} is not there`);
}

async function createGreen(
  deps: ReachDeps,
  cluster: ArmId,
  observed: ObservedColours,
): Promise<string> {
  const { name, pool } = await deps.newGreen(observed);
  const blue = sideOf(observed, "blue").pool;
  const autoscaler = blue.autoscaler ?? frozenAutoscaler(blue);
  const inherited = withoutTags(blue.tags, [TAG_AUTOSCALER, TAG_REPLACED]);
  await ended(
    await deps.nodePools.addPool(`${cluster}/agentPools/${name}`, {
      like: blue.id,
      ...(autoscaler !== undefined && { autoscaler }),
      ...pool,
      tags: { ...inherited, [TAG_ROLE]: "green", [TAG_PEER]: blue.name },
    }),
  );
  return name;
}

/** Green is an ordinary pool from here on, with a note of what it has replaced. */
async function adoptGreen(deps: ReachDeps, observed: ObservedColours): Promise<void> {
  const { id, tags, etag } = sideOf(observed, "green").pool;
  const kept = withoutTags(tags, [TAG_ROLE, TAG_PEER]);
  const settings = { tags: { ...kept, [TAG_REPLACED]: observed.name } };
  await ended(await deps.nodePools.updatePool(id, settings, etag));
}

async function changePool(
  { nodePools }: ReachDeps,
  change: "reconcile" | "freeze" | "thaw" | "delete",
  pool: NodePoolDetails,
): Promise<void> {
  const { id, tags, etag, autoscaler } = pool;
  const rest = withoutTags(tags, [TAG_AUTOSCALER]);
  switch (change) {
    case "delete":
      return ended(await nodePools.deletePool(id, etag));
    case "reconcile":
      return ended(await nodePools.updatePool(id, {}, etag));
    case "freeze": {
      const bounds = `${autoscaler?.minCount ?? 0}-${autoscaler?.maxCount ?? 0}`;
      const settings = { autoscaler: null, tags: { ...rest, [TAG_AUTOSCALER]: bounds } };
      return ended(await nodePools.updatePool(id, settings, etag));
    }
    case "thaw": {
      const settings = { autoscaler: frozenAutoscaler(pool) ?? null, tags: rest };
      return ended(await nodePools.updatePool(id, settings, etag));
    }
  }
}

async function ended(operation: BegunOperation): Promise<void> {
  const end = await operation.ended();
  if (end.status === "failed") throw end.error;
}

/** Until an operation that an earlier run has begun, or somebody else, is over. */
async function waitFor(
  deps: ReachDeps,
  { pollIntervalMilliseconds, timeoutMilliseconds }: Reach,
  { id, name, provisioningState }: NodePoolDetails,
): Promise<void> {
  const deadline = deps.elapsed() + timeoutMilliseconds;
  for (;;) {
    const pool = await deps.nodePools.getPool(id);
    if (pool?.provisioningState !== provisioningState) return;
    if (deps.elapsed() >= deadline) {
      throw new FleetwrightError("timed-out", `node pool ${name} is still ${provisioningState}`, {
        subject: id,
        remedy: "run the step again when it has come to rest",
      });
    }
    deps.log(`node pool ${name} is ${provisioningState}`);
    await deps.sleep(pollIntervalMilliseconds);
  }
}

function describe(step: ColourStep, { name, green }: ObservedColours): string {
  switch (step.kind) {
    case "create-green":
      return `create green beside ${name}`;
    case "adopt-green":
      return `${green?.pool.name ?? "green"} takes the place of ${name}`;
    case "cordon":
    case "uncordon":
    case "drain":
      return `${step.kind} ${step.side}: ${step.nodes.join(", ")}`;
    case "freeze":
      return `stop the autoscaler of ${step.side}`;
    case "thaw":
      return `start the autoscaler of ${step.side} again`;
    case "reconcile":
    case "delete":
    case "wait":
      return `${step.kind} ${step.side}`;
    case "refuse":
    case "done":
      return step.kind;
  }
}
