import { randomUUID } from "node:crypto";
import { armKey, type ArmId } from "../../shared/core/arm-id.ts";
import { MINUTE } from "../../shared/core/duration.ts";
import { toError } from "../../shared/core/errors.ts";
import { coalesce } from "../../shared/core/coalesce.ts";
import { parseSourceRunName, rolledBackRunName } from "../../shared/declaration/strategy.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { ParsedDeclarations } from "../../shared/declaration/parse.ts";
import { findClusters } from "../../shared/snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import type { ProposalTarget } from "../../shared/promotion/proposal.ts";
import { proposeNodeImages } from "../../shared/promotion/propose.ts";
import { soaking, soaksFor, type Soaking } from "../../shared/promotion/soaking.ts";
import { declarationsAt, findRollout } from "../../shared/update-run/find-rollout.ts";
import { endHolds } from "../../shared/update-run/hold-issue.ts";
import { isDue } from "../../shared/update-run/due.ts";
import { ledgerPartition, writeRow, type RunRecord } from "../../shared/update-run/ledger.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { reconcile } from "../../shared/update-run/reconcile.ts";
import { isActive } from "../../shared/update-run/state.ts";
import { firstEnvironments } from "../../shared/update-run/rollout.ts";
import type { App } from "./compose.ts";
import { oneByOne } from "./one-by-one.ts";

/** What a handler knows of the place to look at: an event carries ids, the sweep carries nothing. */
export type Place =
  | { readonly kind: "everywhere" }
  | { readonly kind: "cluster"; readonly id: ArmId }
  | { readonly kind: "fleet"; readonly id: ArmId };

/** An event says that something changed; a sweep looks at what is due. */
export type When = "now" | "when-due";

/** Looks at the runs of every environment that a place belongs to. A foreign id belongs to none. */
export async function lookAtRuns(app: App, place: Place, when: When): Promise<void> {
  const declarations = await currentDeclarations(app);
  await inEach(app, await environmentsOf(app, declarations, place), async (environment) => {
    // Whoever knocked may have heard of something that does not show in the run.
    await exclusively(app, `runs:${environment.name}`, (knocked) =>
      reconcileRuns(app, declarations, environment, knocked ? "now" : when),
    );
  });
}

/** Each environment for itself: one that cannot be looked at keeps no other from it. */
export async function inEach(
  { logger }: Pick<App, "logger">,
  environments: readonly Environment[],
  work: (environment: Environment) => Promise<void>,
): Promise<void> {
  const named = environments.map((environment) => [environment.name, environment] as const);
  await oneByOne(logger, named, work);
}

/** Events tell of images, and those that came to nothing are made good: no proposal is in a hurry. */
const PROPOSE_AGAIN_MILLISECONDS = 10 * MINUTE;

/** Looks for node images that the first environments could move to. */
export async function lookAtNodeImages(app: App, when: When): Promise<void> {
  const declarations = await currentDeclarations(app);
  await inEach(app, firstEnvironments(declarations), async (environment) => {
    if (when === "when-due" && !(await isProposalDue(app, environment))) return;
    await exclusively(app, `images:${environment.name}`, () =>
      propose(app, declarations, environment),
    );
  });
}

async function isProposalDue(app: App, { name }: Environment): Promise<boolean> {
  const due = await app.store.get<{ readonly nextCheckAt: number }>("proposals", name);
  return (due?.value.nextCheckAt ?? 0) <= app.clock.now();
}

/** Members of all declared fleets whose clusters exist; all of them, or it throws. */
export async function declaredMembers(app: App): Promise<readonly ManagedCluster[]> {
  const fleets = await declaredFleets(app);
  const members = await Promise.all(fleets.map((fleet) => app.fleets.listMembers(fleet)));
  return findClusters(
    app.inventory,
    members.flat().map(({ clusterId }) => clusterId),
  );
}

/** The same, of the fleets that can be read; throws when none can. */
export async function reachableMembers(app: App): Promise<readonly ManagedCluster[]> {
  const ids: ArmId[] = [];
  const fleets = (await declaredFleets(app)).map((fleet) => [fleet, fleet] as const);
  try {
    await oneByOne(app.logger, fleets, async (fleet) => {
      const members = await app.fleets.listMembers(fleet);
      ids.push(...members.map(({ clusterId }) => clusterId));
    });
  } catch (error) {
    if (ids.length === 0) throw error;
  }
  return findClusters(app.inventory, ids);
}

async function declaredFleets(app: App): Promise<readonly ArmId[]> {
  const environments = (await currentDeclarations(app)).workspace?.value.spec.environments ?? [];
  return environments.map(({ fleet }) => fleet);
}

/** The head of the default branch is asked once per invocation: its looks go by the same commit. */
export function atOneCommit(app: App): App {
  let head: Promise<string> | undefined;
  return {
    ...app,
    repository: { ...app.repository, head: () => (head ??= app.repository.head()) },
  };
}

export async function currentDeclarations(app: App): Promise<ParsedDeclarations> {
  return declarationsAt(app.repository, await app.repository.head());
}

export async function exclusively(
  app: App,
  name: string,
  work: (knocked: boolean) => Promise<void>,
): Promise<void> {
  const { store, wallClock } = app;
  await coalesce({ store, wallClock, holder: randomUUID() }, name, work);
}

export async function environmentsOf(
  app: App,
  declarations: ParsedDeclarations,
  place: Place,
): Promise<readonly Environment[]> {
  const environments = declarations.workspace?.value.spec.environments ?? [];
  if (place.kind === "everywhere") return environments;
  if (place.kind === "fleet") {
    return environments.filter(({ fleet }) => armKey(fleet) === armKey(place.id));
  }
  return environmentsWith(app, environments, place.id);
}

/** A fleet that cannot be asked matters only where no other has the cluster: then the event comes again. */
async function environmentsWith(
  app: App,
  environments: readonly Environment[],
  cluster: ArmId,
): Promise<readonly Environment[]> {
  const found: Environment[] = [];
  const failed: Error[] = [];
  await Promise.all(
    environments.map(async (environment) => {
      try {
        const members = await app.fleets.listMembers(environment.fleet);
        const has = members.some(({ clusterId }) => armKey(clusterId) === armKey(cluster));
        if (has) found.push(environment);
      } catch (thrown) {
        failed.push(toError(thrown));
      }
    }),
  );
  const [first] = failed;
  if (first && found.length === 0) throw first;
  return environments.filter((environment) => found.includes(environment));
}

/** Does a fleet that is declared have this cluster? Ids of others change nothing, not even what is remembered. */
export async function isDeclaredCluster(app: App, id: ArmId): Promise<boolean> {
  const declarations = await currentDeclarations(app);
  return (await environmentsOf(app, declarations, { kind: "cluster", id })).length > 0;
}

/** Runs of one environment that a look goes through; a fleet has one active run, and seldom a second. */
const MAX_RUNS_PER_LOOK = 5;

async function reconcileRuns(
  app: App,
  declarations: ParsedDeclarations,
  environment: Environment,
  when: When,
): Promise<void> {
  const release = declarations.releases.find(
    ({ value }) => value.metadata.name === environment.name,
  );
  if (!release) return;
  const current = await currentRuns(app, environment);
  await endHolds(app, environment.name, new Set(current.map(({ name }) => name)));
  const place = { environment: environment.name, releaseFile: release.file };
  for (const run of current) {
    const known = (await app.store.get<RunRecord>(ledgerPartition(run), "run"))?.value;
    if (when === "when-due" && !isDue(known, run, app.clock.now())) continue;
    const rollout = await findRollout(app.repository, place, run, known);
    const newer = startedAfter(run, current);
    if (rollout)
      await reconcile(app, run, { ...rollout, ...(newer && { overtakenBy: newer.name }) });
    else app.logger.warn("no commit declares this run; it is left alone", { run: run.name });
  }
}

/** Retries and ways back are of the same generation: the run that they repeat or undo may be resumed after. */
function startedAfter(run: UpdateRun, current: readonly UpdateRun[]): UpdateRun | undefined {
  return current.find(
    (other) => other.status.state !== "NotStarted" && generationOf(other) > generationOf(run),
  );
}

function generationOf({ name }: UpdateRun): number {
  return parseSourceRunName(name)?.generation ?? 0;
}

/** Runs of an environment that are of any concern, newest first. */
export async function currentRuns(
  app: App,
  environment: Environment,
): Promise<readonly UpdateRun[]> {
  const runs = (await app.fleets.listRuns(environment.fleet))
    .filter(({ name }) => parseSourceRunName(name)?.release === environment.name)
    .toSorted(newestFirst);
  return withoutSuperseded(runs).slice(0, MAX_RUNS_PER_LOOK);
}

/** Once a newer run has started, the pins of an older one that rests are no measure any more. */
function withoutSuperseded(newest: readonly UpdateRun[]): readonly UpdateRun[] {
  const started = newest.findIndex(({ status }) => status.state !== "NotStarted");
  if (started === -1) return newest;
  return newest.filter(({ status }, index) => index <= started || isActive(status.state));
}

/** A way back is newer than what it leads back from. */
function newestFirst(a: UpdateRun, b: UpdateRun): number {
  const [one, other] = [parseSourceRunName(a.name), parseSourceRunName(b.name)];
  return (
    generationOf(b) - generationOf(a) ||
    Number(isRollBack(b)) - Number(isRollBack(a)) ||
    (other?.retry ?? 0) - (one?.retry ?? 0)
  );
}

function isRollBack({ name }: UpdateRun): boolean {
  return rolledBackRunName(name) !== undefined;
}

async function propose(
  app: App,
  declarations: ParsedDeclarations,
  environment: Environment,
): Promise<void> {
  const ahead = await findSoaking(app, declarations, environment);
  if (ahead) {
    const until = ahead.until === undefined ? undefined : new Date(ahead.until).toISOString();
    const fields = { environment: environment.name, run: ahead.run, target: ahead.target, until };
    app.logger.info("newer node images queue behind one that soaks", fields);
    await lookAgainIn(app, environment, PROPOSE_AGAIN_MILLISECONDS);
    return;
  }
  const release = await releaseOf(app, declarations, environment);
  const snapshots = declarations.workspace?.value.spec.snapshots;
  if (!release || !snapshots) return;
  const members = await app.fleets.listMembers(environment.fleet);
  const result = await proposeNodeImages(app, {
    environment: environment.name,
    clusterIds: members.map(({ clusterId }) => clusterId),
    allRegions: environment.nodeImage.allRegions,
    captureOutgoing: snapshots.capture.includes("outgoing"),
    snapshotResourceGroup: snapshots.resourceGroup,
    release,
  });
  const wait = result.kind === "capturing" ? 0 : PROPOSE_AGAIN_MILLISECONDS;
  await lookAgainIn(app, environment, wait);
  app.logger.info("node images looked at", { environment: environment.name, ...summary(result) });
}

async function lookAgainIn(app: App, { name }: Environment, wait: number): Promise<void> {
  const nextCheckAt = app.clock.now() + wait;
  await writeRow(app.store, "proposals", name, { nextCheckAt });
}

/** Fleets are asked only where somebody waits for a soak. */
export async function findSoaking(
  app: App,
  declarations: ParsedDeclarations,
  environment: Environment,
): Promise<Soaking | undefined> {
  if (soaksFor(declarations, environment).length === 0) return undefined;
  const runs = await app.fleets.listRuns(environment.fleet);
  return soaking(declarations, environment, { runs, now: app.clock.now() });
}

/** The release of an environment with its text, as a proposal edits it. */
export async function releaseOf(
  app: App,
  declarations: ParsedDeclarations,
  { name }: Environment,
): Promise<
  (ProposalTarget["release"] & { readonly kubernetesVersion: string | undefined }) | undefined
> {
  const release = declarations.releases.find(({ value }) => value.metadata.name === name);
  const commit = await app.repository.head();
  const texts = await app.repository.readDeclarations(commit);
  const text = texts.find(({ path }) => path === release?.file)?.text;
  if (!release || text === undefined) return undefined;
  const { metadata, spec } = release.value;
  return {
    name: metadata.name,
    file: release.file,
    text,
    commit,
    generation: metadata.generation,
    nodeImages: spec.nodeImages ?? {},
    kubernetesVersion: spec.kubernetesVersion,
  };
}

function summary(
  result: Awaited<ReturnType<typeof proposeNodeImages>>,
): Readonly<Record<string, unknown>> {
  if (result.kind === "proposed") {
    return { result: result.kind, pullRequest: result.pullRequest.number, changed: result.changed };
  }
  return result.kind === "capturing"
    ? { result: result.kind, remaining: result.remaining }
    : { result: result.kind };
}
