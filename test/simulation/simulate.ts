import type { World } from "../../shared/simulator/model.ts";
import { createChance } from "./chance.ts";
import { cloudOf, type Cloud } from "./cloud.ts";
import type { Sight, Sightings } from "./coverage.ts";
import { createEventGrid } from "./events.ts";
import { NO_FAULTS, type FaultOptions } from "./faults.ts";
import { GitHub } from "./github.ts";
import { endState, watchInvariants, type EndState } from "./invariants.ts";
import { createPeople, newestRun, type People } from "./people.ts";
import { Instance, TIMERS, workOf, type Backends, type Trace, type Work } from "./product.ts";
import type { Surroundings } from "./process.ts";
import {
  declaredFiles,
  drawReleases,
  image,
  isObserved,
  lastImage,
  SCENARIOS,
  setStage,
  START,
  type Release,
} from "./stage.ts";
import { createStore, type SimStore } from "./store.ts";
import { Told } from "./told.ts";
import { areVersionsSettled, isLasting } from "./version-promises.ts";
import { proposalOf, Versions } from "./versions.ts";
import { outcomesOf, watchOutcomes } from "./outcomes.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Faults stop after this; then the product has as long again to come to rest. */
const FAULTY_HOURS = 10;
const QUIET_HOURS = 20;
/** Two machines host the functions: a look may begin on one while another runs on the other. */
const INSTANCES = 2;

export interface Simulation {
  readonly scenario: number;
  readonly world: World;
  readonly cloud: Cloud;
  readonly gitHub: GitHub;
  readonly store: SimStore;
  readonly people: People;
  /** Messages of the webhook. */
  readonly told: Told;
  readonly versions: Versions | undefined;
  readonly now: () => number;
}

export interface Outcome {
  readonly broken: readonly string[];
  readonly end: EndState;
  readonly seen: ReadonlySet<Sight>;
  readonly calls: number;
}

const calmEnds = new Map<number, EndState>();

/** One drawn schedule of faults, and whether it ends as the same world does without any. */
export async function simulate(
  seed: number,
  faults: FaultOptions,
  trace?: Trace,
): Promise<Outcome> {
  const outcome = await run(seed, faults, trace);
  if (outcome.broken.length > 0 || faults === NO_FAULTS) return outcome;
  const scenario = seed % SCENARIOS;
  const calm = calmEnds.get(scenario) ?? (await run(seed, NO_FAULTS)).end;
  calmEnds.set(scenario, calm);
  const [here, there] = [JSON.stringify(outcome.end), JSON.stringify(calm)];
  if (here === there) return outcome;
  return { ...outcome, broken: [`the end is ${here}, without faults it is ${there}`] };
}

async function run(seed: number, faults: FaultOptions, trace?: Trace): Promise<Outcome> {
  const scenario = seed % SCENARIOS;
  const chance = createChance(seed);
  const world = setStage(scenario);
  const cloud = cloudOf(world);
  const gitHub = new GitHub(declaredFiles(scenario), () => world.now);
  const seen: Sightings = new Set();
  const told = new Told();
  const store = createStore(seen, (...row) => told.decided(...row));
  const stage = new Stage(world, faults);
  const around: Surroundings = {
    chance,
    seen,
    luck: () => stage.luck,
    stall: () => stage.stall(chance.below(20) * MINUTE),
    meddle: () => people.meddle(),
    overspend: (what) => invariants.fail(what),
  };
  const events = createEventGrid(world, around);
  const now = (): number => world.now;
  const versions =
    proposalOf(scenario) && new Versions(scenario, world, chance, faults === NO_FAULTS);
  const backends: Backends = { cloud, gitHub, store, events, told, versions, now, trace };
  const calm: Surroundings = { ...around, luck: () => NO_FAULTS };
  const product = createProduct(backends, around);
  const people = createPeople({
    world,
    cloud,
    gitHub,
    around,
    app: new Instance(backends, calm, "unlimited").app,
    observed: isObserved(scenario),
    lastImage: lastImage(scenario),
    launch: (work) => void stage.launch(work, trace),
  });
  const parts = { scenario, world, cloud, gitHub, store };
  const simulation: Simulation = { ...parts, people, told, versions, now };
  const invariants = watchInvariants(simulation, faults.toldWithinHours);
  watchOutcomes(simulation, seen);
  const releases = [...drawReleases(scenario, chance, faults === NO_FAULTS)];
  while (world.now < START + (FAULTY_HOURS + QUIET_HOURS) * HOUR) {
    world.advanceTo(world.now + (faults === NO_FAULTS ? 10 : 5 + 5 * chance.below(4)) * MINUTE);
    invariants.observe();
    product.settle();
    stage.wake();
    release(simulation, releases, seen);
    versions?.bringAbout(world, events);
    for (const queued of events.takeDue()) {
      const failed = (): void => events.redeliver(queued);
      stage.launch(product(workOf(queued.delivery)), trace, failed);
    }
    for (const timer of Object.values(TIMERS)) {
      if (chance.happens(stage.luck.timerSkipped)) {
        seen.add("timer skipped");
        continue;
      }
      stage.launch(product(timer), trace);
      if (!chance.happens(stage.luck.timerTwice)) continue;
      seen.add("timer on two machines");
      stage.launch(product(timer), trace);
    }
    await drained();
    people.act(stage.quiet);
    await drained();
    invariants.check();
    if (invariants.broken.length > 0 || isAtRest(simulation, releases)) break;
  }
  invariants.checkEnd();
  outcomesOf(simulation, seen);
  return { broken: invariants.broken, end: endState(simulation), seen, calls: product.calls() };
}

/** Every promise that can go on has gone on: nothing here waits for anything but promises. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const MEDDLED_WITH_BEFORE_START = 8;

/** Whether faults still happen, and who waits for a later moment. */
class Stage {
  readonly #world: World;
  readonly #faults: FaultOptions;
  readonly #beforeStart: FaultOptions;
  #stalled: { readonly until: number; readonly resume: () => void }[] = [];

  constructor(world: World, faults: FaultOptions) {
    this.#world = world;
    this.#faults = faults;
    this.#beforeStart = {
      ...faults,
      meddledWithPerCall: faults.meddledWithPerCall * MEDDLED_WITH_BEFORE_START,
    };
  }

  get quiet(): boolean {
    return this.#world.now >= START + FAULTY_HOURS * HOUR;
  }

  /** Between its creation and its start a run lies open for everybody: that is when somebody changes it. */
  get luck(): FaultOptions {
    if (this.quiet) return NO_FAULTS;
    const open = newestRun(this.#world)?.status.state === "NotStarted";
    return open ? this.#beforeStart : this.#faults;
  }

  stall(milliseconds: number): Promise<void> {
    const until = this.#world.now + milliseconds;
    return new Promise((resume) => this.#stalled.push({ until, resume }));
  }

  wake(): void {
    const due = this.#stalled.filter(({ until }) => this.quiet || until <= this.#world.now);
    this.#stalled = this.#stalled.filter((stalled) => !due.includes(stalled));
    for (const { resume } of due) resume();
  }

  /** A handler or a job that fails, or dies, is what Event Grid, the sweep and people are for. */
  launch(work: () => Promise<void>, trace: Trace, failed?: () => void): void {
    work().catch((error: unknown) => {
      if (!(error instanceof Error)) throw error;
      trace?.(`${new Date(this.#world.now).toISOString()} ${error.message}`);
      failed?.();
    });
  }
}

/** The machines that host the functions; one that was killed is replaced. */
function createProduct(backends: Backends, around: Surroundings) {
  const { chance, seen, luck } = around;
  const instances: Instance[] = [];
  let earlier = 0;
  const pick = (): Instance => {
    const index = chance.below(INSTANCES);
    const alive = instances[index];
    if (alive && !alive.process.dead) return alive;
    if (alive) earlier += alive.account.total;
    return (instances[index] = new Instance(backends, around));
  };
  const product = (work: Work) => async (): Promise<void> => {
    const instance = pick();
    if (chance.happens(luck().clockJumpsPerInvocation)) instance.jumpClock(around);
    instance.account.begin();
    if (instances.filter(({ account }) => account.busy).length > 1)
      seen.add("two instances at once");
    try {
      await work(instance.app);
    } finally {
      instance.account.end();
    }
  };
  product.calls = () => instances.reduce((sum, { account }) => sum + account.total, earlier);
  product.settle = () => {
    // An instance that was never picked is a hole.
    instances.forEach(({ account }) => account.settle());
  };
  return product;
}

function release({ world }: Simulation, releases: Release[], seen: Sightings): void {
  const active = newestRun(world)?.status.state === "Running";
  for (const due of releases.filter(({ at }) => at <= world.now)) {
    releases.splice(releases.indexOf(due), 1);
    world.images.release(due.region, image(due.image));
    if (active) seen.add("image released mid-run");
    if (releases.some((other) => other.image === due.image)) seen.add("image in one region first");
    if (releases.some((other) => other.image < due.image)) seen.add("images overtook each other");
  }
}

/** Everything runs the newest image, and nobody waits for anything. */
function isAtRest(simulation: Simulation, releases: readonly Release[]): boolean {
  const { world, store, gitHub } = simulation;
  const run = newestRun(world);
  if (simulation.people.busy || simulation.cloud.sick.size > 0) return false;
  if (releases.length > 0 || run?.status.state !== "Completed") return false;
  if (run.spec.nodeImageSelection.customNodeImageVersions?.[0] !== lastImage(simulation.scenario))
    return false;
  if (gitHub.pulls.some(({ state }) => state === "open")) return false;
  const open = gitHub.issues.filter(({ state }) => state === "open");
  if (open.some((issue) => !isLasting(simulation, issue))) return false;
  if (!areVersionsSettled(simulation)) return false;
  if (store.rows("outbox").size > 0) return false;
  const partition = [...store.partitions()].find((name) => name.startsWith(`run:${run.name}:`));
  const record = partition === undefined ? undefined : store.rows(partition).get("run")?.value;
  return (record as { readonly closedAt?: string } | undefined)?.closedAt !== undefined;
}
