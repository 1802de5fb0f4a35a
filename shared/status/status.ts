import type { ArmId } from "../core/arm-id.ts";
import type { Clock } from "../core/clock.ts";
import { FleetwrightError, toError } from "../core/errors.ts";
import { readUntold, type OutboxEntry } from "../core/outbox.ts";
import type { StateStore } from "../core/state-store.ts";
import type { Environment } from "../declaration/documents.ts";
import type { Declarations } from "../declaration/parse.ts";
import { parseSourceRunName } from "../declaration/strategy.ts";
import { readImages, type ImageRecord } from "../promotion/lookout.ts";
import { soaking, type Soaking } from "../promotion/soaking.ts";
import { readQuarantine } from "../quarantine/flag.ts";
import type { QuarantinedNode } from "../quarantine/record.ts";
import { ledgerPartition, readLedger } from "../update-run/ledger.ts";
import type { FleetPort, UpdateRun } from "../update-run/ports.ts";
import { isUnderWay, runStatus, type RunStatus } from "./run-status.ts";

/** What the status function answers. Times are ISO 8601, by Azure's clock. */
export interface Status {
  readonly at: string;
  /** Read without the functions: what they remember, such as quarantined nodes and verdicts, is missing. */
  readonly from?: "azure";
  readonly environments: readonly EnvironmentStatus[];
  readonly nodeImages: readonly ImageRecord[];
}

export interface EnvironmentStatus {
  readonly name: string;
  readonly fleet: ArmId;
  readonly generation: number | undefined;
  readonly kubernetesVersion: string | undefined;
  readonly nodeImages: Readonly<Record<string, string>>;
  /** Why its runs are not shown, when they could not be read. */
  readonly problem: string | undefined;
  /** Why no newer node image is proposed to it now. */
  readonly soaking?: { readonly run: string; readonly target: string; readonly until?: string };
  /** Messages that were tried in vain, oldest first. */
  readonly untold?: readonly OutboxEntry[];
  readonly runs: readonly RunStatus[];
  /** Under way in its fleet, and of no environment: made by hand, or by an auto-upgrade profile. */
  readonly foreignRuns?: readonly { readonly name: string; readonly state: string }[];
  readonly quarantined: readonly (QuarantinedNode & {
    readonly cause: string;
    readonly issue: number | undefined;
    readonly issueUrl: string | undefined;
  })[];
}

export interface StatusDeps {
  readonly fleets: Pick<FleetPort, "listRuns">;
  readonly store: Pick<StateStore, "list">;
  readonly clock: Clock;
}

/** Runs of a fleet that are shown, newest first. */
const MAX_RUNS_SHOWN = 5;

/** Fleets as Azure has them, with what the functions remember. One that cannot be read says so. */
export async function readStatus(deps: StatusDeps, declarations: Declarations): Promise<Status> {
  const environments = declarations.workspace?.value.spec.environments ?? [];
  const [shown, images, untold] = await Promise.all([
    Promise.all(environments.map((one) => readEnvironment(deps, declarations, one))),
    readImages(deps.store),
    readUntold(deps.store),
  ]);
  return {
    // Asked last: it is the machine's time until Azure has answered once.
    at: new Date(deps.clock.now()).toISOString(),
    environments: shown.map((one) => withUntold(one, untold)),
    nodeImages: images.map(({ value }) => value),
  };
}

function withUntold(
  environment: EnvironmentStatus,
  all: readonly OutboxEntry[],
): EnvironmentStatus {
  const untold = all
    .filter((one) => one.environment === environment.name)
    .toSorted((a, b) => a.at.localeCompare(b.at));
  return untold.length === 0 ? environment : { ...environment, untold };
}

async function readEnvironment(
  deps: StatusDeps,
  declarations: Declarations,
  environment: Environment,
): Promise<EnvironmentStatus> {
  const release = declarations.releases.find(
    ({ value }) => value.metadata.name === environment.name,
  )?.value;
  const declared = {
    name: environment.name,
    fleet: environment.fleet,
    generation: release?.metadata.generation,
    kubernetesVersion: release?.spec.kubernetesVersion,
    nodeImages: release?.spec.nodeImages ?? {},
  };
  const quarantined = await readQuarantined(deps, environment);
  try {
    const all = await deps.fleets.listRuns(environment.fleet);
    const runs = await readRuns(deps, environment, all);
    const foreign = foreignRuns(declarations, all);
    const found = soaking(declarations, environment, { runs: all, now: deps.clock.now() });
    return {
      ...declared,
      problem: undefined,
      ...soakingView(found),
      runs,
      ...foreign,
      quarantined,
    };
  } catch (thrown) {
    return { ...declared, problem: explain(toError(thrown)), runs: [], quarantined };
  }
}

function foreignRuns(
  declarations: Declarations,
  all: readonly UpdateRun[],
): Pick<EnvironmentStatus, "foreignRuns"> {
  const ours = declarations.workspace?.value.spec.environments.map(({ name }) => name) ?? [];
  const foreignRuns = all
    .filter(({ name }) => !ours.includes(parseSourceRunName(name)?.release ?? ""))
    .map(({ name, status }) => ({ name, state: status.state }))
    .filter(isUnderWay);
  return foreignRuns.length === 0 ? {} : { foreignRuns };
}

function soakingView(found: Soaking | undefined): Pick<EnvironmentStatus, "soaking"> {
  if (!found) return {};
  const { run, target, until } = found;
  const end = until === undefined ? {} : { until: new Date(until).toISOString() };
  return { soaking: { run, target, ...end } };
}

function explain(error: Error): string {
  const remedy = error instanceof FleetwrightError ? error.remedy : undefined;
  return remedy === undefined ? error.message : `${error.message}: ${remedy}`;
}

async function readQuarantined(
  { store }: StatusDeps,
  environment: Environment,
): Promise<EnvironmentStatus["quarantined"]> {
  const records = await readQuarantine(store, environment.name);
  return records.flatMap(({ value: { nodes, cause, issue, issueUrl } }) =>
    nodes.map((node) => ({ ...node, cause, issue, issueUrl })),
  );
}

async function readRuns(
  { store }: Pick<StatusDeps, "store">,
  environment: Environment,
  all: readonly UpdateRun[],
): Promise<readonly RunStatus[]> {
  const runs = all
    .filter(({ name }) => parseSourceRunName(name)?.release === environment.name)
    .toSorted((a, b) => (b.createdAt ?? "").localeCompare(a.createdAt ?? ""))
    .slice(0, MAX_RUNS_SHOWN);
  return Promise.all(
    runs.map(async (run) => runStatus(run, await readLedger(store, ledgerPartition(run)))),
  );
}
