import { armKey } from "../../shared/core/arm-id.ts";
import type {
  Cluster,
  ClusterNode,
  Gate,
  MemberStatus,
  StageStatus,
  Transition,
  UpdateRun,
} from "../../shared/simulator/model.ts";
import type { GateRecord } from "../../shared/update-run/ledger.ts";
import { fleetOf } from "./cloud.ts";
import { commitOf, generationOf, isActive, newestRun, OWN_RUN } from "./people.ts";
import type { Simulation } from "./simulate.ts";
import { isObserved, quarantinedNodes } from "./stage.ts";
import { lastVersion } from "./versions.ts";
import { isLasting, isProposedTwice, wrongOfVersions } from "./version-promises.ts";

/** What must hold after every step, judged by the world itself and not by what the product remembers. */
export interface Invariants {
  readonly broken: readonly string[];
  /** What the product finds when its turn comes: people who act after it may undo it within the same step. */
  observe(): void;
  check(): void;
  /** Calls stay within budget: who counts them says when they do not. */
  fail(what: string): void;
  /** What must hold once the faults are over and the product has come to rest. */
  checkEnd(): void;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A proof may be this old when its gate is approved: the product's 30 minutes, and what a step takes. */
const PROOF_AGE = 70 * MINUTE;
/** Between the reading of a hold and the approval a process may stall, and a step passes. */
const HOLD_AGE = 45 * MINUTE;

type Fail = (holds: boolean, what: string) => void;

/** What is followed from step to step. */
interface Watched {
  /** What may be so for a while only. */
  readonly wrongSince: Map<string, number>;
  /** Since when a cluster has a node that is not proved, as `<run> <cluster>`. */
  readonly unprovedSince: Map<string, number>;
  readonly begun: Set<string>;
  /** Nodes that were bad before the run reached their cluster, as `<run> <node>`: not held against it. */
  readonly badBefore: Set<string>;
}

export function watchInvariants(simulation: Simulation, toldWithinHours: number): Invariants {
  const broken: string[] = [];
  const watched: Watched = {
    wrongSince: new Map(),
    unprovedSince: new Map(),
    begun: new Set(),
    badBefore: new Set(),
  };
  const fail: Fail = (holds, what) => {
    if (!holds) broken.push(`${new Date(simulation.now()).toISOString()} ${what}`);
  };
  const { world, cloud } = simulation;
  cloud.onApproval = (gate) => checkApproval(simulation, watched, gate, fail);
  world.subscribe((transition) => {
    const begun = begunStage(simulation, transition);
    if (begun) checkBegin(simulation, watched, begun, fail);
  });
  const checkHistory = [
    whenGrown(cloud.starts, () => checkStarts(simulation, fail)),
    whenGrown(cloud.taken, () => checkSnapshots(simulation, fail)),
  ];
  return {
    broken,
    fail: (what) => fail(false, what),
    observe: () => watchProofs(simulation, watched),
    check() {
      watchProofs(simulation, watched);
      checkIssues(simulation, watched, toldWithinHours * HOUR, fail);
      checkClosings(simulation, fail);
      for (const check of checkHistory) check();
      checkMessages(simulation, fail);
      const [what] = cloud.forbidden;
      fail(!isProposedTwice(simulation), "a Kubernetes version was proposed twice");
      const { gitHub } = simulation;
      const merged = gitHub.head().sha === gitHub.everMerged.at(-1)?.commit;
      fail(merged, "the default branch moved, and nobody merged");
      fail(what === undefined, `the functions tried to ${what}, which is a person's to say`);
    },
    checkEnd() {
      if (broken.length > 0) return;
      checkRest(simulation, fail);
      checkToldAll(simulation, fail);
    },
  };
}

/** What happened stays as it is, and a review is never taken back: only more of it can be wrong. */
function whenGrown(history: readonly unknown[], check: () => void): () => void {
  let checked = 0;
  return () => {
    if (history.length === checked) return;
    checked = history.length;
    check();
  };
}

function pinOf(run: UpdateRun): string | undefined {
  return run.spec.nodeImageSelection.customNodeImageVersions?.[0];
}

function isBad({ cloud }: Simulation, cluster: Cluster, node: ClusterNode): boolean {
  if (node.phase !== "Ready" || node.unschedulable) return true;
  return cloud.sick.size > 0 && cloud.sick.has(`${cluster.id}/${node.name}`);
}

function isProved(
  simulation: Simulation,
  { badBefore }: Watched,
  run: UpdateRun,
  cluster: Cluster,
): boolean {
  return [...cluster.nodes.values()].every(
    (node) =>
      node.nodeImageVersion === pinOf(run) &&
      (!isBad(simulation, cluster, node) || badBefore.has(`${run.name} ${node.name}`)),
  );
}

function watchProofs(simulation: Simulation, watched: Watched): void {
  const { world } = simulation;
  const newest = newestRun(world);
  for (const run of fleetOf(world).runs.values()) {
    const isOurs = isActive(run.status.state) && run.name !== OWN_RUN;
    if (run === newest || isOurs) watchRun(simulation, watched, run);
  }
}

function watchRun(simulation: Simulation, watched: Watched, run: UpdateRun): void {
  const { unprovedSince, badBefore } = watched;
  const watch = ({ clusterId, state }: MemberStatus): void => {
    const cluster = simulation.world.clusters.get(clusterId);
    if (!cluster) return;
    const key = `${run.name} ${cluster.name}`;
    if (isProved(simulation, watched, run, cluster)) unprovedSince.delete(key);
    else if (!unprovedSince.has(key)) unprovedSince.set(key, simulation.now());
    if (state !== "NotStarted") return;
    for (const node of cluster.nodes.values()) {
      if (isBad(simulation, cluster, node)) badBefore.add(`${run.name} ${node.name}`);
    }
  };
  for (const stage of run.stages) membersOf(stage).forEach(watch);
}

const SKIPPED_BY_A_PERSON = "skipped by request";

/** Everything that a gate guards: done, each node on the pin, Ready and schedulable, the soak over. */
function checkApproval(simulation: Simulation, watched: Watched, gate: Gate, fail: Fail): void {
  const { world, gitHub } = simulation;
  const run = fleetOf(world).runs.get(gate.run);
  const reviewed = run && isReviewed(gitHub, pinOf(run));
  fail(!isObserved(simulation.scenario), `a gate of ${gate.run} was approved, and we only watch`);
  fail(reviewed === true, `a gate of ${gate.run} was approved, which nobody reviewed`);
  // One that exists only waits for this one's end.
  const newer = [...fleetOf(world).runs.values()].some(
    ({ name, status }) =>
      name !== OWN_RUN &&
      status.state !== "NotStarted" &&
      generationOf(name) > generationOf(gate.run),
  );
  fail(!newer, `a gate of ${gate.run} was approved, and a newer run has started`);
  const held = gitHub.heldSince(gate.run) ?? simulation.now();
  fail(simulation.now() - held <= HOLD_AGE, `a gate of ${gate.run} was approved, which is held`);
  if (!run) return;
  const index = run.stages.findIndex(({ name }) => name === gate.stage);
  const stage = run.stages[gate.timing === "After" ? index : index - 1];
  if (!stage) return;
  checkProved(simulation, watched, { run, stage }, fail);
  checkSoak(simulation, { run, stage }, fail);
  checkEvidence(simulation, gate, stage, fail);
}

interface Place {
  readonly run: UpdateRun;
  readonly stage: StageStatus;
}

function checkProved(
  simulation: Simulation,
  watched: Watched,
  { run, stage }: Place,
  fail: Fail,
): void {
  const { world, now } = simulation;
  for (const member of membersOf(stage)) {
    if (member.message?.includes(SKIPPED_BY_A_PERSON)) continue;
    const done = member.state === "Completed" || member.state === "Skipped";
    fail(done, `${stage.name} was let pass while ${member.name} is ${member.state}`);
    const cluster = world.clusters.get(member.clusterId);
    if (!cluster || isProved(simulation, watched, run, cluster)) continue;
    const since = watched.unprovedSince.get(`${run.name} ${cluster.name}`) ?? now();
    const what = `${stage.name} was let pass while nodes of ${member.name} are not proved`;
    fail(now() - since <= PROOF_AGE, what);
  }
}

function checkSoak({ now, people }: Simulation, { run, stage }: Place, fail: Fail): void {
  const wait = stage.afterStageWait;
  if (people.words.waitsSkipped.has(`${run.name}/${stage.name}`)) return;
  const soaked =
    wait?.startTime !== undefined && now() - wait.startTime >= wait.waitDurationInSeconds * 1_000;
  fail(soaked, `${stage.name} was let pass before its soak was over`);
}

/** What the product wrote down before it approved: a passing word on each member. */
function checkEvidence({ store }: Simulation, gate: Gate, stage: StageStatus, fail: Fail): void {
  const record = ledgerOf(store, gate.run)?.get(`gate:${gate.name}`)?.value;
  const evidence = (record as GateRecord | undefined)?.evidence ?? [];
  for (const { name } of membersOf(stage)) {
    const stated = evidence.some(
      (line) => line.startsWith(`${name}: `) || line.startsWith(`${name} was skipped`),
    );
    fail(stated, `a gate was approved without a passing record of ${name}`);
  }
}

function ledgerOf(store: Simulation["store"], run: string) {
  const partition = [...store.partitions()].find((name) => name.startsWith(`run:${run}:`));
  return partition === undefined ? undefined : store.rows(partition);
}

function membersOf(stage: StageStatus): readonly MemberStatus[] {
  const all: MemberStatus[] = [];
  for (const { members } of stage.groups) if (members) all.push(...members);
  return all;
}

function begunStage({ world }: Simulation, transition: Transition): Place | undefined {
  if (transition.kind !== "run" || transition.scope !== "stage") return undefined;
  if (transition.state !== "Running") return undefined;
  const run = world.fleets.get(transition.fleet)?.runs.get(transition.run);
  const stage = run?.stages.find(({ name }) => name === transition.name);
  return run && stage && { run, stage };
}

/** No stage begins before the one before it is verified, unless a person said so. */
function checkBegin(
  simulation: Simulation,
  watched: Watched,
  { run, stage }: Place,
  fail: Fail,
): void {
  const key = `${run.name}/${stage.name}`;
  const before = run.stages[run.stages.indexOf(stage) - 1];
  if (!before || watched.begun.has(key)) return;
  watched.begun.add(key);
  const gates = [...fleetOf(simulation.world).gates.values()].filter(
    (gate) => gate.run === run.name,
  );
  if (gates.some(({ name }) => simulation.people.words.gatesApproved.has(name))) return;
  const open = before.afterGates.some(({ status }) => status.state !== "Completed");
  fail(!open, `${stage.name} of ${run.name} began before its gate was approved`);
  checkProved(simulation, watched, { run, stage: before }, fail);
  checkSoak(simulation, { run, stage: before }, fail);
}

/** Every start is of what a merge on the default branch declares; each such thing starts once, in the order of the merges. */
function checkStarts({ cloud, gitHub }: Simulation, fail: Fail): void {
  const started = new Set<string>();
  let newest = 0;
  for (const { run, pins, kubernetesVersion } of cloud.starts) {
    if (run === OWN_RUN) continue;
    const what = `${pins.join()} ${kubernetesVersion}`;
    fail(
      isReviewed(gitHub, pins[0]),
      `${run} was started with ${pins.join()}, which nobody reviewed`,
    );
    fail(!started.has(what), `${run} starts what was started before`);
    started.add(what);
    const generation = generationOf(run);
    fail(generation >= newest, `${run} was started after a newer one`);
    newest = Math.max(newest, generation);
  }
}

function isReviewed(gitHub: Simulation["gitHub"], pin: string | undefined): boolean {
  return commitOf(gitHub, pin) !== undefined;
}

/** One open issue per cause, and every quarantined node is told of, each within a bounded time. */
function checkIssues(
  simulation: Simulation,
  { wrongSince }: Watched,
  limit: number,
  fail: Fail,
): void {
  const { world, gitHub, now } = simulation;
  const open = gitHub.issues.filter(({ state }) => state === "open").map(({ body }) => body);
  const causes = open.map((body) => /cause=([\w.]+)/.exec(body)?.[1]);
  // Two instances that stall at the wrong moment open two issues: the next look that gets through heals it.
  const twice = new Set(causes).size < causes.length ? ["a cause has two open issues"] : [];
  const nodes = [...world.clusters.values()].flatMap((cluster) => wronglyTold(cluster, open));
  const wrong = new Set([...twice, ...nodes, ...wrongOfVersions(simulation)]);
  for (const what of wrongSince.keys()) if (!wrong.has(what)) wrongSince.delete(what);
  for (const what of wrong) {
    const since = wrongSince.get(what) ?? now();
    wrongSince.set(what, since);
    fail(now() - since <= limit, what);
  }
}

function wronglyTold(cluster: Cluster, open: readonly string[]): readonly string[] {
  if (cluster.provisioningState === "UpgradingNodeImageVersion") return [];
  return quarantinedNodes(cluster)
    .filter((node) => open.filter((body) => isHeldIn(body, node)).length !== 1)
    .map((node) => `quarantined node ${cluster.name}/${node} has not one open issue`);
}

/** An issue keeps the nodes of earlier days too. */
function isHeldIn(body: string, node: string): boolean {
  return body
    .split("\n")
    .some((line) => line.includes(`\`${node}\``) && / quarantined since \S+ \|$/.test(line));
}

/** An issue is closed with proof: no node that it names is quarantined or on an old image. */
function checkClosings({ world, gitHub }: Simulation, fail: Fail): void {
  const proofs = gitHub.issues.filter(
    ({ state, body }) => state === "closed" && body.includes("**Resolved.**"),
  );
  if (proofs.length === 0) return;
  const pins = [...fleetOf(world).runs.values()].map(pinOf);
  for (const cluster of world.clusters.values()) {
    for (const node of cluster.nodes.values()) {
      if (!proofs.some(({ body }) => body.includes(node.name))) continue;
      const what = `the issue of ${node.name} was closed before it was upgraded`;
      fail(pins.includes(node.nodeImageVersion), what);
    }
  }
}

/** One snapshot per pool, kind, image and Kubernetes version; a proven one is of an image that was reviewed. */
function checkSnapshots({ cloud, gitHub }: Simulation, fail: Fail): void {
  const keys = cloud.taken.map(
    ({ tags, sourcePool, nodeImageVersion, kubernetesVersion }) =>
      `${tags["fleetwright-kind"]} ${sourcePool} ${nodeImageVersion} ${kubernetesVersion}`,
  );
  fail(new Set(keys).size === keys.length, "a pool was captured twice");
  for (const { tags, nodeImageVersion } of cloud.taken) {
    const proven = tags["fleetwright-kind"] === "proven";
    const what = `a proven snapshot of ${nodeImageVersion}, which nobody reviewed`;
    fail(!proven || isReviewed(gitHub, nodeImageVersion), what);
  }
}

/** Told twice only when nobody could confirm the first time. */
function checkMessages({ told }: Simulation, fail: Fail): void {
  const [again] = told.repeated;
  fail(again === undefined, `told twice: ${again}`);
}

/** Whatever happened to whoever was to send it, each message arrived. */
function checkToldAll({ world, told }: Simulation, fail: Fail): void {
  for (const due of told.missing) fail(false, `never told: ${due.trim()}`);
  const run = newestRun(world);
  for (const stage of run?.stages ?? []) {
    const text = `${stage.name} of ${run?.name} is done (`;
    fail(
      told.texts.some((line) => line.includes(text)),
      `never told: ${text}`,
    );
  }
}

function checkRest(simulation: Simulation, fail: Fail): void {
  const { world, gitHub, store, cloud } = simulation;
  const run = newestRun(world);
  fail(run !== undefined, "no run was ever proposed, merged and started");
  fail(run?.status.state === "Completed", `the newest run is ${run?.status.state}`);
  const captured = new Set(endState(simulation).provenSnapshots).size;
  fail(captured === world.clusters.size, "a pool has no proven snapshot of what it runs");
  for (const issue of gitHub.issues) {
    fail(issue.state === "closed" || isLasting(simulation, issue), `stays open: ${issue.title}`);
  }
  for (const what of wrongOfVersions(simulation)) fail(false, what);
  fail(
    gitHub.pulls.every(({ state }) => state === "closed"),
    "a pull request stays open",
  );
  for (const gate of fleetOf(world).gates.values()) {
    if (!cloud.approvedByUs.has(gate.name) || !fleetOf(world).runs.has(gate.run)) continue;
    const record = ledgerOf(store, gate.run)?.get(`gate:${gate.name}`)?.value as
      | GateRecord
      | undefined;
    fail(
      (record?.evidence?.length ?? 0) > 0,
      `the gate after ${gate.stage} of ${gate.run} was approved, and no evidence stands on record`,
    );
  }
}

/** What the world looks like in the end, without times and names: equal for every schedule that ends well. */
export interface EndState {
  readonly newestRun: string;
  readonly pools: readonly string[];
  readonly pins: string;
  readonly openIssues: number;
  readonly openPulls: number;
  readonly provenSnapshots: readonly string[];
}

export function endState({ scenario, world, gitHub, cloud }: Simulation): EndState {
  const run = newestRun(world);
  const pin = run && pinOf(run);
  const release = gitHub.head().files.find(({ path }) => path === "releases/prod.yaml");
  return {
    newestRun: run?.status.state ?? "none",
    pools: [...world.clusters.values()].map(poolState),
    pins: /nodeImages: .*/.exec(release?.text ?? "")?.[0] ?? "",
    openIssues: gitHub.issues.filter(({ state }) => state === "open").length,
    openPulls: gitHub.pulls.filter(({ state }) => state === "open").length,
    provenSnapshots: cloud.taken
      .filter(({ tags }) => tags["fleetwright-kind"] === "proven")
      .filter(
        ({ nodeImageVersion, kubernetesVersion }) =>
          nodeImageVersion === pin && kubernetesVersion === lastVersion(scenario),
      )
      .map(({ sourcePool }) => armKey(sourcePool))
      .toSorted(),
  };
}

function poolState(cluster: Cluster): string {
  const nodes = [...cluster.nodes.values()];
  const images = new Set(nodes.map(({ nodeImageVersion }) => nodeImageVersion));
  const usable = nodes.filter(({ phase, unschedulable }) => phase === "Ready" && !unschedulable);
  const runs = `${cluster.kubernetesVersion} ${[...images].join()}`;
  return `${cluster.name}: ${usable.length} of ${nodes.length} nodes, ${runs}`;
}
