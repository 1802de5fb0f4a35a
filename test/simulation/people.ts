import type { App } from "../../functions/host/compose.ts";
import { currentDeclarations } from "../../functions/host/look.ts";
import { readStatus } from "../../shared/status/status.ts";
import { SimulationError } from "../../shared/simulator/model.ts";
import type { Cluster, Gate, UpdateRun, World } from "../../shared/simulator/model.ts";
import { planCheckName } from "../../shared/update-run/plan.ts";
import { fleetOf, type Cloud } from "./cloud.ts";
import type { SimPull, GitHub } from "./github.ts";
import type { Surroundings } from "./process.ts";
import { FAMILY, OURS, quarantinedNodes } from "./stage.ts";
import { runJob, type Job, type JobDeps } from "./workflow.ts";

export interface PeopleDeps {
  readonly world: World;
  readonly cloud: Cloud;
  readonly gitHub: GitHub;
  readonly around: Surroundings;
  /** The product without faults, for a person who opens the status page. */
  readonly app: App;
  /** The strategy leaves its gate to a person. */
  readonly observed: boolean;
  /** What everything is to run in the end. */
  readonly lastImage: string;
  readonly launch: (work: () => Promise<void>) => void;
}

/** What people did that the invariants must know: a person's word is a person's word. */
export interface Words {
  readonly gatesApproved: Set<string>;
  readonly waitsSkipped: Set<string>;
}

export interface People {
  readonly words: Words;
  /** Somebody has to put right what they did. */
  readonly busy: boolean;
  /** Their turn, once per step; in the quiet time they only do their duty. */
  act(quiet: boolean): void;
  /** Somebody acts at an unlucky moment, between two calls of the product. */
  meddle(): void;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A person sees an issue, and fixes what it names, this long after it was opened. */
const PERSON_TAKES = 40 * MINUTE;
const HELD_FOR = 1 * HOUR;
const RESUME_TAKES = 20 * MINUTE;

/** The reviewer who merges, the workflow that starts what was merged, the operator, and everybody else. */
export function createPeople(deps: PeopleDeps): People {
  const words: Words = {
    gatesApproved: new Set(),
    waitsSkipped: new Set(),
  };
  const reviewer = createReviewer(deps);
  const operator = createOperator(deps, words);
  const meddlers = createMeddlers(deps, words);
  return {
    words,
    get busy() {
      return meddlers.busy;
    },
    act(quiet) {
      reviewer.act(quiet);
      operator.act();
      if (!quiet) meddlers.act();
      meddlers.repent(quiet);
    },
    meddle: () => meddlers.meddle(),
  };
}

/** By generation: a slow job may create the run of an older one last. */
export function newestRun(world: World): UpdateRun | undefined {
  let newest: UpdateRun | undefined;
  for (const run of fleetOf(world).runs.values()) {
    if (run.name === OWN_RUN) continue;
    if (newest === undefined || generationOf(run.name) > generationOf(newest.name)) newest = run;
  }
  return newest;
}

/** Of `prod-3-b4790233`. */
export function generationOf(run: string): number {
  return Number.parseInt(run.slice("prod-".length), 10);
}

/** The commit that declared an image. */
export function commitOf({ everMerged }: GitHub, pin: string | undefined): string | undefined {
  const version = pin?.slice(`${FAMILY}-`.length) ?? "none";
  return everMerged.find(({ text }) => text.includes(`"${version}"`))?.commit;
}

function pendingGate(world: World): Gate | undefined {
  return [...fleetOf(world).gates.values()].find(
    ({ state, displayName, run }) => state === "Pending" && displayName === OURS && run !== OWN_RUN,
  );
}

function jobsOf({ world, cloud, gitHub, around }: PeopleDeps): JobDeps {
  return { cloud, gitHub, around, now: () => world.now };
}

/** Merges proposals, and sees to it that what was merged is started: a red job is run again. */
function createReviewer(deps: PeopleDeps) {
  const { world, gitHub, around, launch } = deps;
  const jobs = jobsOf(deps);
  const done = new Set<string>([gitHub.head().sha]);
  let again = 0;
  return {
    act(quiet: boolean): void {
      const open = gitHub.pulls.find((pull) => pull.state === "open" && gitHub.isMergeable(pull));
      if (open && isReviewed(open) && isTimeToMerge(quiet)) {
        gitHub.merge(open);
        again = world.now;
      }
      const { sha } = gitHub.head();
      if (done.has(sha) || world.now < again) return;
      again = world.now + (1 + around.chance.below(4)) * 10 * MINUTE;
      const twice = around.chance.happens(around.luck().personMeddles);
      if (twice) around.seen.add("two jobs at once");
      for (let count = twice ? 2 : 1; count > 0; count--) launch(() => start(sha));
    },
  };

  /** The checks of the pull request leave the plan behind; a head without it is not merged. */
  function isReviewed(pull: SimPull): boolean {
    const commit = gitHub.headOf(pull);
    if (gitHub.hasCheck(commit, planCheckName("prod"))) return true;
    launch(async () => void (await runJob(jobs, { operation: "preflight", commit })));
    return false;
  }

  function isTimeToMerge(quiet: boolean): boolean {
    const newest = newestRun(world);
    // An older run that rests is none of anybody's business any more.
    const busy = [...fleetOf(world).runs.values()].some(
      (run) => isActive(run.status.state) || (run === newest && run.status.state !== "Completed"),
    );
    if (busy && !around.chance.happens(around.luck().personMeddles)) return false;
    if (busy) around.seen.add("person merged while a run was under way");
    return quiet || around.luck().personMeddles === 0 || around.chance.happens(0.4);
  }

  async function start(commit: string): Promise<void> {
    if (await runJob(jobs, { operation: "run", commit })) done.add(commit);
  }
}

/** Fixes what the issues and the status page name, and only that, then resumes the run. */
function createOperator(deps: PeopleDeps, words: Words) {
  const { world, cloud, gitHub, around, app, observed, launch } = deps;
  let toldSince: number | undefined;
  return {
    act(): void {
      if (observed) approveObserved();
      const open = gitHub.issues.filter(({ state }) => state === "open");
      const run = newestRun(world);
      const failed = [...world.clusters.values()].some(hasFailed);
      const trouble = failed || cloud.sick.size > 0 || run?.status.state === "Failed";
      if (open.length === 0 && !trouble) {
        toldSince = undefined;
        return;
      }
      toldSince ??= world.now;
      if (world.now - toldSince < PERSON_TAKES) return;
      const issues = open.map(({ body }) => body).join("\n");
      launch(async () => {
        const status = await readStatus(app, await currentDeclarations(app));
        fix(issues, JSON.stringify(status));
      });
    },
  };

  /** Where the product only watches, a person opens the gate once it says that it would. */
  function approveObserved(): void {
    const gate = pendingGate(world);
    if (!gate) return;
    launch(async () => {
      const status = await readStatus(app, await currentDeclarations(app));
      const told = JSON.stringify(status).includes("it would be approved");
      if (!told || pendingGate(world) !== gate) return;
      words.gatesApproved.add(gate.name);
      fleetOf(world).completeGate(gate.name);
      around.seen.add("gate observed only");
    });
  }

  function fix(issues: string, status: string): void {
    stopOvertaken(issues);
    const healed = [...cloud.sick].filter((key) => status.includes(key.split("/").at(-1) ?? key));
    for (const key of healed) cloud.sick.delete(key);
    const clusters = [...world.clusters.values()];
    // Azure's portal shows a failed pool to whoever looks; of a node that is held in it, the issue tells.
    const isTold = ({ name }: Cluster): boolean => issues.includes(`\`${name}\``);
    const untold = clusters.some((one) => !isTold(one) && quarantinedNodes(one).length > 0);
    const held = clusters.filter(
      (one) => isTold(one) || (hasFailed(one) && quarantinedNodes(one).length === 0),
    );
    const fixed = held.filter(release);
    if (healed.length + fixed.length > 0) {
      // Between the fix and the calls that finish it, a person takes a while.
      toldSince = world.now - PERSON_TAKES + RESUME_TAKES;
      return;
    }
    toldSince = undefined;
    const run = newestRun(world);
    if (run?.status.state === "Failed") return untold ? undefined : resume(run);
    for (const cluster of held) if (!isBusy(cluster)) cluster.updatePool("apps", {});
  }

  /** Resumed in the moment in which a newer one started: what its gate asks for will never be again. */
  function stopOvertaken(issues: string): void {
    const newest = newestRun(world);
    for (const run of fleetOf(world).runs.values()) {
      const told = issues.includes(`\`${run.name}\``) && run !== newest;
      if (told && isActive(run.status.state) && run.status.state !== "Stopping") run.stop();
    }
  }

  function resume(run: UpdateRun): void {
    around.seen.add("run resumed");
    const job: Job = { operation: "resume", commit: gitHub.head().sha, runName: run.name };
    launch(async () => void (await runJob(jobsOf(deps), job)));
  }
}

/** Everybody who does what nobody asked for, and those who come back to put it right. */
function createMeddlers(deps: PeopleDeps, words: Words) {
  const { world, cloud, gitHub, around, launch } = deps;
  const { chance, seen } = around;
  const cordoned = new Map<string, { readonly cluster: Cluster; readonly until: number }>();
  const stopped = new Map<string, number>();
  const changed = new Map<string, number>();
  const kinds = [
    closeIssue,
    stopRun,
    skipMember,
    skipWait,
    approveGate,
    holdRun,
    changeRun,
    ownRun,
  ];
  const meddle = (): void => {
    try {
      if (newestRun(world)?.status.state === "NotStarted") changeRun();
      else kinds[chance.below(kinds.length)]?.();
    } catch (error) {
      // Azure refuses people too, such as a change of a run that was told to start a second ago.
      if (!(error instanceof SimulationError)) throw error;
    }
  };
  return {
    meddle,
    get busy(): boolean {
      return cordoned.size + stopped.size + changed.size > 0 || heldSince() !== undefined;
    },
    act(): void {
      const luck = around.luck();
      if (chance.happens(luck.personMeddles)) meddle();
      // It seldom applies: a member is left, and a newer image is still to come.
      if (chance.happens(luck.personMeddles)) skipMember();
      if (chance.happens(luck.personMeddles * 6)) repeatRedJob();
      if (chance.happens(luck.worldTurnsBadPerStep * 2)) cordonWhileSoaking();
      if (chance.happens(luck.worldTurnsBadPerStep)) tightenBudget();
      if (chance.happens(luck.worldTurnsBadPerStep)) sicken();
    },
    /** Nodes are uncordoned, stopped runs resumed, runs that nobody declared removed. */
    repent(quiet: boolean): void {
      for (const [node, { cluster, until }] of cordoned) {
        if (!quiet && world.now < until) continue;
        if (cluster.nodes.has(node)) cluster.patchNode(node, { unschedulable: false });
        cordoned.delete(node);
      }
      for (const [name, until] of stopped) {
        if (!quiet && world.now < until) continue;
        resumeStopped(name);
      }
      const since = heldSince();
      if (since !== undefined && (quiet || world.now >= since + HELD_FOR)) say("resume");
      for (const [name, until] of changed) {
        if (!quiet && world.now < until) continue;
        const run = fleetOf(world).runs.get(name);
        if (run && (name === OWN_RUN || run.status.state === "NotStarted")) {
          fleetOf(world).removeRun(name);
        }
        changed.delete(name);
      }
    },
  };

  function resumeStopped(name: string): void {
    const run = fleetOf(world).runs.get(name);
    if (run?.status.state === "Stopping") return;
    if (run?.status.state !== "Stopped" || run !== newestRun(world)) {
      stopped.delete(name);
      return;
    }
    const job: Job = { operation: "resume", commit: gitHub.head().sha, runName: name };
    launch(async () => void (await runJob(jobsOf(deps), job)));
  }

  function closeIssue(): void {
    const issue = gitHub.issues.find(({ state }) => state === "open");
    if (!issue) return;
    issue.state = "closed";
    seen.add("person closed an issue");
  }

  function stopRun(): void {
    const run = newestRun(world);
    if (run?.status.state !== "Running") return;
    run.stop();
    stopped.set(run.name, world.now + (1 + chance.below(3)) * 20 * MINUTE);
    seen.add("person stopped a run");
  }

  /** Only of a run that a newer image will follow: a skipped member keeps its old nodes. */
  function skipMember(): void {
    const run = newestRun(world);
    const pins = run?.spec.nodeImageSelection.customNodeImageVersions;
    if (run?.status.state !== "Running" || pins?.[0] === deps.lastImage) return;
    const member = run.stages
      .flatMap(({ groups }) => groups.flatMap(({ members }) => members ?? []))
      .findLast(({ state }) => state === "NotStarted");
    if (!member) return;
    run.skip([{ type: "Member", name: member.name }]);
    seen.add("person skipped a member");
  }

  function skipWait(): void {
    const run = newestRun(world);
    const stage = run?.stages.find(({ afterStageWait }) => afterStageWait?.state === "Running");
    if (!run || !stage) return;
    words.waitsSkipped.add(`${run.name}/${stage.name}`);
    run.skip([{ type: "AfterStageWait", name: stage.name }]);
    seen.add("person skipped a wait");
  }

  function approveGate(): void {
    const gate = pendingGate(world);
    if (!gate) return;
    words.gatesApproved.add(gate.name);
    fleetOf(world).completeGate(gate.name);
    seen.add("person approved our gate");
  }

  function holdRun(): void {
    const run = newestRun(world);
    if (run?.status.state !== "Running" || heldSince() !== undefined) return;
    say("hold");
    seen.add("person held a run");
  }

  function say(operation: "hold" | "resume"): void {
    const runName = newestRun(world)?.name;
    if (runName === undefined) return;
    const commit = gitHub.head().sha;
    launch(async () => void (await runJob(jobsOf(deps), { operation, commit, runName })));
  }

  function heldSince(): number | undefined {
    const run = newestRun(world);
    return run && gitHub.heldSince(run.name);
  }

  /** Somebody edits in Azure what was created from the reviewed declarations, before it starts. */
  function changeRun(): void {
    const run = newestRun(world);
    if (run?.status.state !== "NotStarted" || changed.has(run.name)) return;
    const { spec } = run;
    run.replace({ ...spec, nodeImageSelection: { type: "Latest" } });
    changed.set(run.name, world.now + (1 + chance.below(3)) * 10 * MINUTE);
    seen.add("person changed a run before its start");
  }

  /** GitHub offers to run a red job again, also when its commit was overtaken long ago. */
  function repeatRedJob(): void {
    if ([...fleetOf(world).runs.values()].some(({ status }) => isActive(status.state))) return;
    const started = cloud.starts.map(({ run }) => `generation: ${generationOf(run)}}`);
    const red = gitHub.everMerged
      .slice(1)
      .find(({ text }) => !started.some((generation) => text.includes(generation)));
    if (!red || red.commit === gitHub.head().sha) return;
    seen.add("job of an older commit run again");
    launch(async () => void (await runJob(jobsOf(deps), { operation: "run", commit: red.commit })));
  }

  /** A run of the same shape with a gate of the same name, which nobody declared. */
  function ownRun(): void {
    const fleet = fleetOf(world);
    const model = newestRun(world);
    if (!model || fleet.runs.has(OWN_RUN)) return;
    if ([...fleet.runs.values()].some(({ status }) => isActive(status.state))) return;
    const [gate] = model.stages.flatMap(({ beforeGates, afterGates }) => [
      ...beforeGates,
      ...afterGates,
    ]);
    const displayName = gate?.displayName ?? OURS;
    const run = fleet.createRun({
      ...model.spec,
      name: OWN_RUN,
      stages: [
        {
          name: "first",
          groups: [{ name: "one" }],
          beforeGates: [{ displayName, type: "Approval" }],
        },
      ],
    });
    run.start();
    changed.set(OWN_RUN, world.now + 1 * HOUR);
    seen.add("person made a run of their own");
  }

  /** During the soak a node goes bad; the gate must wait for it, or for the person's second thought. */
  function cordonWhileSoaking(): void {
    const soaking = [...fleetOf(world).runs.values()].flatMap(({ stages }) =>
      stages.filter(({ afterStageWait }) => afterStageWait?.state === "Running"),
    )[0];
    const member = soaking?.groups.flatMap(({ members }) => members ?? [])[0];
    const cluster = world.clusters.get(member?.clusterId ?? "");
    const node = cluster && [...cluster.nodes.keys()][0];
    if (!cluster || !node) return;
    cluster.patchNode(node, { unschedulable: true });
    cordoned.set(node, { cluster, until: world.now + (1 + chance.below(4)) * 40 * MINUTE });
    seen.add("node cordoned while soaking");
  }

  function tightenBudget(): void {
    const cluster = anyCluster();
    const budget = cluster?.budgets.get("harbour/tide");
    if (!cluster || !budget || budget.minAvailable !== undefined) return;
    if (newestRun(world)?.status.state !== "Running") return;
    const { namespace, name, selector } = budget;
    cluster.putBudget({ namespace, name, selector, minAvailable: 2 });
    seen.add("budget appeared mid-run");
  }

  /** A node that comes back from its upgrade, and never becomes Ready. */
  function sicken(): void {
    const run = newestRun(world);
    const pin = run?.spec.nodeImageSelection.customNodeImageVersions?.[0];
    const cluster = anyCluster();
    const node = [...(cluster?.nodes.values() ?? [])].find(
      ({ nodeImageVersion, phase, surge }) =>
        nodeImageVersion === pin && phase === "Ready" && !surge,
    );
    if (run?.status.state !== "Running" || !cluster || !node) return;
    cloud.sick.add(`${cluster.id}/${node.name}`);
    seen.add("node never Ready");
  }

  function anyCluster(): Cluster | undefined {
    const clusters = [...world.clusters.values()];
    return clusters[chance.below(clusters.length)];
  }
}

/** Named like one of ours, of a generation that nobody declared. */
export const OWN_RUN = "prod-99-0badc0de";

export function isActive(state: string): boolean {
  return ["Running", "Pending", "Stopping"].includes(state);
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

function hasFailed({ pools }: Cluster): boolean {
  return [...pools.values()].some(({ provisioningState }) => provisioningState === "Failed");
}

function isBusy({ provisioningState }: Cluster): boolean {
  return !["Succeeded", "Failed", "Canceled"].includes(provisioningState);
}

function withoutStatus(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => key !== "kubernetes.azure.com/upgrade-status"),
  );
}
