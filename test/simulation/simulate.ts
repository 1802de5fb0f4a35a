import {
  lookAtNodeImages,
  lookAtRuns,
  detectImages,
  type Place,
} from "../../functions/host/look.ts";
import type { App } from "../../functions/host/compose.ts";
import { armKey } from "../../shared/core/arm-id.ts";
import type { Logger } from "../../shared/core/logger.ts";
import { fleetStrategyName, resolveStages, runName } from "../../shared/declaration/strategy.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import type { Cluster, Transition, World } from "../../shared/simulator/model.ts";
import { runSpec } from "../../shared/update-run/create.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";
import { createChance, type Chance } from "./chance.ts";
import { cloudOf, FLEET, type Cloud } from "./cloud.ts";
import { Killed, NO_FAULTS, Process, type FaultOptions } from "./faults.ts";
import { createHost, type RepositoryHost } from "./host.ts";
import { watchInvariants } from "./invariants.ts";
import { declaredFiles, image, quarantinedNodes, releaseImage, setStage, START } from "./stage.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** How far virtual time moves between two turns of everybody. */
const STEP = 10 * MINUTE;
/** Faults stop after this; then the product has as long again to come to rest. */
const FAULTY_HOURS = 36;
const QUIET_HOURS = 24;
/** A person sees an issue, and fixes what it names, this long after it was opened. */
const PERSON_TAKES = 3 * HOUR;
const RESUME_TAKES = 1 * HOUR;

export interface Simulation {
  readonly world: World;
  readonly cloud: Cloud;
  readonly host: RepositoryHost;
  readonly now: () => number;
}

export interface Outcome {
  readonly broken: readonly string[];
  /** What the world looks like in the end, without times: equal for every schedule that ends well. */
  readonly end: EndState;
  readonly calls: number;
}

export interface EndState {
  readonly runs: readonly string[];
  readonly images: readonly string[];
  readonly openIssues: number;
  readonly snapshots: readonly string[];
}

/** The whole product on the simulated world, for one drawn schedule of faults. */
export async function simulate(
  seed: number,
  faults: FaultOptions,
  trace: (line: string) => void = () => {},
): Promise<Outcome> {
  const chance = createChance(seed);
  const world = setStage(seed, createChance(seed ^ 0x5bd1e995));
  const cloud = cloudOf(world);
  const host = createHost(declaredFiles(createChance(seed ^ 0x2545f491)));
  const events = eventQueue(world, chance, faults);
  const simulation: Simulation = { world, cloud, host, now: () => world.now };
  const invariants = watchInvariants(simulation, faults.toldWithinHours);
  const store = memoryStateStore();
  const people = createPeople(simulation, chance, faults);
  let calls = 0;
  const invoke = async (
    handler: (app: App) => Promise<void>,
    luck: FaultOptions,
  ): Promise<void> => {
    const process = new Process(chance, luck);
    const app: App = {
      ...wrapAll(process, {
        fleets: cloud.fleets,
        inventory: cloud.inventory,
        snapshots: cloud.snapshots,
        store,
        repository: host.repository,
        issues: host.issues,
      }),
      nodes: process.wrap(sometimesBlind(cloud, chance, luck)),
      publisher: process.wrap({ publish: async () => events.push({ kind: "images" }) }),
      clock: { now: () => world.now },
      wallClock: { now: () => world.now },
      identity: "fleetwright",
      logger: tracingLogger(world, trace),
    };
    await handler(app).catch((error: unknown) => {
      // A handler that fails, or dies, is what Event Grid and the sweep are for.
      if (!(error instanceof Killed) && !(error instanceof Error)) throw error;
      trace(`${new Date(world.now).toISOString()} ${error.message}`);
    });
    calls += process.calls;
  };
  for (let step = 1; step * STEP <= (FAULTY_HOURS + QUIET_HOURS) * HOUR; step++) {
    const quiet = step * STEP > FAULTY_HOURS * HOUR;
    const luck = quiet ? NO_FAULTS : faults;
    world.advanceTo(START + step * STEP);
    if (step === 2) releaseImage(world, 1);
    if (step === SECOND_IMAGE_STEP) releaseImage(world, 2);
    const due = events.takeDue(world.now).map((event) => invoke(handlerOf(event), luck));
    await Promise.all(due);
    if (!chance.happens(luck.sweepSkipped)) {
      await Promise.all([
        invoke(detectImages, luck),
        invoke((app) => lookAtRuns(app, { kind: "everywhere" }), luck),
        invoke(lookAtNodeImages, luck),
      ]);
    }
    await people.act(quiet);
    invariants.check();
    if (invariants.broken.length > 0) break;
    if (isAtRest(simulation)) break;
  }
  invariants.checkEnd();
  return { broken: invariants.broken, end: endState(simulation), calls };
}

/** The second image comes while the first one is being rolled out. */
const SECOND_IMAGE_STEP = 30;

function wrapAll<T extends Record<string, object>>(process: Process, ports: T): T {
  return Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [name, process.wrap(port)]),
  ) as T;
}

function sometimesBlind(
  cloud: Cloud,
  chance: Chance,
  { nodesUnseen }: FaultOptions,
): Cloud["nodes"] {
  return {
    ...cloud.nodes,
    readNodes: async (id) =>
      chance.happens(nodesUnseen)
        ? { visible: false, reason: "a drawn fault" }
        : cloud.nodes.readNodes(id),
  };
}

function tracingLogger(world: World, trace: (line: string) => void): Logger {
  const tell = (message: string, fields = {}): void =>
    trace(`${new Date(world.now).toISOString()} ${message} ${JSON.stringify(fields)}`);
  return { info: tell, warn: tell, error: tell };
}

type Notice = { readonly kind: "images" } | { readonly kind: "runs"; readonly place: Place };

function handlerOf(notice: Notice): (app: App) => Promise<void> {
  return notice.kind === "images" ? lookAtNodeImages : (app) => lookAtRuns(app, notice.place);
}

interface EventQueue {
  push(notice: Notice): void;
  takeDue(now: number): readonly Notice[];
}

/** Event Grid as it is: at least once at best, in no order, sometimes never. */
function eventQueue(world: World, chance: Chance, faults: FaultOptions): EventQueue {
  let queue: { readonly at: number; readonly notice: Notice }[] = [];
  const push = (notice: Notice): void => {
    if (chance.happens(faults.eventLost)) return;
    const copies = chance.happens(faults.eventDuplicated) ? 2 + chance.below(2) : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = chance.happens(faults.eventDelayed) ? chance.below(60) * MINUTE : 0;
      queue.push({ at: world.now + delay, notice });
    }
  };
  world.subscribe((transition) => {
    const place = placeOf(transition);
    if (place) push({ kind: "runs", place });
  });
  return {
    push,
    takeDue(now) {
      const due = queue.filter(({ at }) => at <= now);
      queue = queue.filter(({ at }) => at > now);
      return due.map(({ notice }) => notice);
    },
  };
}

function placeOf(transition: Transition): Place | undefined {
  if (transition.kind === "gate") return { kind: "fleet", id: FLEET };
  if (transition.kind === "pool" && transition.change.startsWith("Rolling")) {
    return { kind: "cluster", id: transition.cluster };
  }
  return undefined;
}

interface People {
  act(quiet: boolean): Promise<void>;
}

/** The reviewer who merges, the workflow that starts what was merged, the operator who fixes and resumes. */
function createPeople(
  { world, cloud, host }: Simulation,
  chance: Chance,
  faults: FaultOptions,
): People {
  const startedCommits = new Set<string>();
  let toldSince: number | undefined;
  const cordoned = new Map<string, { readonly cluster: Cluster; readonly until: number }>();
  return {
    async act(quiet) {
      const open = host.pulls.find(({ state }) => state === "open");
      const idle = [...(world.fleets.get(FLEET)?.runs.values() ?? [])].every(
        ({ status }) => status.state === "Completed",
      );
      if (open && idle && (quiet || chance.happens(0.2))) host.merge(open.number);
      await startMerged();
      const issue = host.allIssues.find(({ state }) => state === "open");
      if (!quiet && issue && chance.happens(faults.personClosesIssue))
        host.closeIssue(issue.number);
      await fixAndResume();
      cordonAndUncordon(quiet);
    },
  };

  /** During the soak a node goes bad; the gate must wait for it, or for the person's second thought. */
  function cordonAndUncordon(quiet: boolean): void {
    for (const [node, { cluster, until }] of cordoned) {
      if (!quiet && world.now < until) continue;
      if (cluster.nodes.has(node)) cluster.patchNode(node, { unschedulable: false });
      cordoned.delete(node);
    }
    const soaking = [...(world.fleets.get(FLEET)?.runs.values() ?? [])].flatMap(({ stages }) =>
      stages.filter(({ afterStageWait }) => afterStageWait?.state === "Running"),
    )[0];
    if (quiet || !soaking || !chance.happens(faults.personCordonsNode)) return;
    const member = soaking.groups.flatMap(({ members }) => members ?? [])[0];
    const cluster = world.clusters.get(member?.clusterId ?? "");
    const node = cluster && [...cluster.nodes.keys()][0];
    if (!cluster || !node) return;
    cluster.patchNode(node, { unschedulable: true });
    cordoned.set(node, { cluster, until: world.now + (1 + chance.below(4)) * HOUR });
  }

  async function startMerged(): Promise<void> {
    const commit = await host.repository.head();
    if (startedCommits.has(commit) || startedCommits.size === 0) {
      startedCommits.add(commit);
      return;
    }
    const { workspace, releases, strategies } = parseDeclarations(
      await host.repository.readDeclarations(commit),
    );
    const environment = workspace?.value.spec.environments[0];
    const release = releases[0]?.value;
    const strategy = strategies[0]?.value;
    if (!environment || !release || !strategy) throw new Error("the declarations are broken");
    const name = fleetStrategyName(strategy, environment.groups);
    const strategyId = `${FLEET}/updateStrategies/${name}`;
    if (!(await cloud.fleets.getStrategy(FLEET, name))) {
      await cloud.fleets.createStrategy(FLEET, name, resolveStages(strategy, environment.groups));
    }
    const run = runName(release, strategy.spec, environment.groups);
    await cloud.fleets.createRun(FLEET, run, runSpec(release, { strategyId }));
    await cloud.fleets.startRun(FLEET, run);
    startedCommits.add(commit);
  }

  /** Only what an issue names is fixed: a product that does not tell leaves the fleet broken. */
  async function fixAndResume(): Promise<void> {
    const open = host.allIssues.filter(({ state }) => state === "open");
    if (open.length === 0) {
      toldSince = undefined;
      return;
    }
    toldSince ??= world.now;
    if (world.now - toldSince < PERSON_TAKES) return;
    const told = open.map(({ body }) => body).join("\n");
    const held = [...world.clusters.values()].filter((cluster) =>
      told.includes(`\`${cluster.name}\``),
    );
    const fixed = held.filter(release);
    if (fixed.length > 0) {
      // Between the fix and the calls that finish it, a person takes a while.
      toldSince = world.now - PERSON_TAKES + RESUME_TAKES;
      return;
    }
    const failed = [...(world.fleets.get(FLEET)?.runs.values() ?? [])].find(
      ({ status }) => status.state === "Failed",
    );
    toldSince = undefined;
    if (failed) await cloud.fleets.startRun(FLEET, failed.name);
    else for (const cluster of held) if (!isBusy(cluster)) cluster.updatePool("apps", {});
  }
}

/** Adjusts the budget and takes the label off, as the first remedy of the issue says. */
function release(cluster: Cluster): boolean {
  const budget = cluster.budgets.get("harbour/tide");
  const nodes = quarantinedNodes(cluster);
  if (budget?.minAvailable === undefined && nodes.length === 0) return false;
  if (budget) {
    const { namespace, name, selector } = budget;
    cluster.putBudget({ namespace, name, selector, maxUnavailable: 1 });
  }
  for (const node of nodes) {
    cluster.patchNode(node, { labels: withoutStatus(cluster.nodes.get(node)?.labels ?? {}) });
  }
  return true;
}

function isBusy({ provisioningState }: Cluster): boolean {
  return !["Succeeded", "Failed", "Canceled"].includes(provisioningState);
}

function withoutStatus(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => key !== "kubernetes.azure.com/upgrade-status"),
  );
}

/** Everything runs the newest image, and nobody waits for anything. */
function isAtRest(simulation: Simulation): boolean {
  const { runs, images, openIssues } = endState(simulation);
  return (
    runs.length > 0 &&
    runs.every((state) => state === "Completed") &&
    images.join() === image(2) &&
    openIssues === 0 &&
    simulation.host.pulls.every(({ state }) => state === "merged")
  );
}

function endState({ world, cloud, host }: Simulation): EndState {
  const runs = [...(world.fleets.get(FLEET)?.runs.values() ?? [])];
  const nodes = [...world.clusters.values()].flatMap((cluster) => [...cluster.nodes.values()]);
  return {
    runs: runs.map(({ status }) => status.state),
    images: [...new Set(nodes.map(({ nodeImageVersion }) => nodeImageVersion))].toSorted(),
    openIssues: host.allIssues.filter(({ state }) => state === "open").length,
    snapshots: cloud.taken
      .map(
        ({ tags, sourcePool, nodeImageVersion }) =>
          `${tags["fleetwright-kind"]} ${armKey(sourcePool)} ${nodeImageVersion}`,
      )
      .toSorted(),
  };
}
