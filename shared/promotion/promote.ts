import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { Environment, Release, UpdateStrategy } from "../declaration/documents.ts";
import { withPromotion } from "../declaration/edit.ts";
import { strategyNamed } from "../declaration/strategy.ts";
import type { Declared, ParsedDeclarations } from "../declaration/parse.ts";
import { FleetwrightError, isError } from "../core/errors.ts";
import { parseDuration } from "../core/duration.ts";
import { readClusters } from "../snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import type { FleetPort } from "../update-run/ports.ts";
import { endOf, orderCandidates, type Candidate } from "./candidates.ts";
import { readExpedite, readHold } from "./consent.ts";
import {
  firstGap,
  isComplete,
  judgeEvidence,
  soakedOnItsNodes,
  type EvidenceInput,
  type Judged,
} from "./evidence.ts";
import { samplePools } from "./lookout.ts";
import { observe, type ObserveDeps } from "./observe.ts";
import { planPromotion } from "./plan-promotion.ts";
import type { DeclarationRepository, MergeMethod, ReviewedPull, ReviewPort } from "./ports.ts";
import { renderPromotion, runMark } from "./render-promotion.ts";
import { findSourceRuns, type SourceRun } from "./source-run.ts";

export interface PromoteDeps extends ObserveDeps {
  readonly fleet: FleetPort;
  readonly repository: DeclarationRepository;
  readonly reviews: ReviewPort;
}

export interface PromoteRequest {
  readonly environment: string;
  /** Judges and tells, but writes nothing. */
  readonly planOnly: boolean;
  /** Checks that must have succeeded on the commit that the source's run was created from. */
  readonly requiredChecks: readonly string[];
  /** Undefined: a person merges. */
  readonly autoMerge: MergeMethod | undefined;
  /** A person's word, given with the call, that the soak may end early. */
  readonly expediteReason: string | undefined;
}

export type PromotionResult =
  /** Nothing that the source proved differs from what the target declares. */
  | { readonly kind: "up-to-date"; readonly reason: string }
  | { readonly kind: "held"; readonly reason: string; readonly pull: ReviewedPull | undefined }
  | { readonly kind: "waiting"; readonly reason: string; readonly judged: Judged }
  | { readonly kind: "planned"; readonly judged: Judged }
  | {
      readonly kind: "proposed";
      readonly judged: Judged;
      readonly pull: ReviewedPull;
      readonly changed: boolean;
      /** Why GitHub does not merge by itself although it was asked to. */
      readonly autoMergeProblem: string | undefined;
    };

/** Promotion of one environment, as the head of the default branch declares it. */
interface Context {
  readonly source: Environment;
  readonly sourceRelease: Declared<Release>;
  readonly target: Environment;
  readonly release: Declared<Release>;
  readonly strategy: UpdateStrategy;
  readonly captureProven: boolean;
  readonly head: string;
}

const branchOf = (environment: string): string => `fleetwright/${environment}/promotion`;

/**
 * Opens or updates the one pull request that brings what an environment proved to the next one. It
 * changes only that environment's release. Level-triggered: each call reads everything again, and a call
 * that finds everything said sends nothing.
 */
export async function promote(
  deps: PromoteDeps,
  declarations: ParsedDeclarations,
  head: string,
  request: PromoteRequest,
): Promise<PromotionResult> {
  const context = contextOf(declarations, head, request.environment);
  const open = await deps.reviews.openPull(branchOf(request.environment));
  const hold = await readHold(deps.repository, head, context.release.file, open);
  if (hold !== undefined) {
    if (open?.autoMerge && !request.planOnly) await deps.reviews.disableAutoMerge(open);
    return { kind: "held", reason: hold, pull: open };
  }
  const sources = await findSourceRuns(deps, context.source, context.sourceRelease);
  const judged = await judgeCandidates(deps, context, request, sources);
  if (judged === undefined) return { kind: "up-to-date", reason: whyNothing(context, sources) };
  if (!isComplete(judged.evidence)) {
    if (open && !request.planOnly) await warn(deps, context, judged, open);
    return { kind: "waiting", reason: firstGap(judged.evidence)?.detail ?? "", judged };
  }
  if (request.planOnly) return { kind: "planned", judged };
  return propose(deps, context, request, judged);
}

function contextOf(declarations: ParsedDeclarations, head: string, name: string): Context {
  const workspace = declarations.workspace?.value;
  const environments = workspace?.spec.environments ?? [];
  const target = environments.find((one) => one.name === name);
  if (!workspace || !target) {
    throw new FleetwrightError("invalid-input", `environment ${name} is not declared`, {
      remedy: `declared are: ${environments.map((one) => one.name).join(", ") || "none"}`,
    });
  }
  const source = environments.find((one) => one.name === target.promotesFrom);
  if (!source) {
    throw new FleetwrightError("invalid-input", `nothing is promoted to ${name}`, {
      remedy: `give it promotesFrom in fleetwright.yaml: the environment that proves its releases`,
    });
  }
  const release = releaseOf(declarations, name);
  const strategy = strategyNamed(declarations.strategies, release.value.spec.strategy.name);
  if (!strategy) throw undeclared(`strategy ${release.value.spec.strategy.name}`);
  return {
    source,
    sourceRelease: releaseOf(declarations, source.name),
    target,
    release,
    strategy,
    captureProven: workspace.spec.snapshots.capture.includes("proven"),
    head,
  };
}

function releaseOf({ releases }: ParsedDeclarations, name: string): Declared<Release> {
  const release = releases.find(({ value }) => value.metadata.name === name);
  if (!release) throw undeclared(`a release of ${name}`);
  return release;
}

function undeclared(what: string): FleetwrightError {
  return new FleetwrightError("invalid-declaration", `${what} is not declared`, {
    remedy: "declare it on the default branch",
  });
}

/** The first candidate with complete evidence; without one, the one that is nearest to it. */
async function judgeCandidates(
  deps: PromoteDeps,
  context: Context,
  request: PromoteRequest,
  sources: readonly SourceRun[],
): Promise<Judged | undefined> {
  const clusters = await targetClusters(deps, context.target);
  const families = clusters && new Set(samplePools(clusters).map(({ family }) => family));
  const target = { release: context.release.value, strategy: context.strategy };
  const soakMilliseconds = parseDuration(context.target.nodeImage.soak);
  const expedites = await readExpedites(deps, request, sources, soakMilliseconds);
  const candidates = orderCandidates(
    sources,
    (source) => planPromotion({ source, target, families }),
    { now: deps.now(), soakMilliseconds, expedited: new Set(expedites.keys()) },
  );
  const incomplete: Judged[] = [];
  for (const candidate of candidates) {
    const observed = await observe(deps, candidate.source);
    const { commit } = candidate.source.rollout;
    const input: EvidenceInput = {
      candidate,
      observed,
      captureProven: context.captureProven,
      soakMilliseconds,
      expedited: expedites.get(commit),
      requiredChecks: request.requiredChecks,
      checks: request.requiredChecks.length > 0 ? await deps.reviews.checks(commit) : [],
      regionsBehind: clusters && (await regionsBehind(deps, context, clusters, candidate)),
      now: deps.now(),
    };
    const judged: Judged = {
      candidate,
      observed,
      evidence: judgeEvidence(input),
      soakedOnItsNodes: soakedOnItsNodes(input),
    };
    if (isComplete(judged.evidence)) return judged;
    incomplete.push(judged);
  }
  // One that only needs time says more than an older one that never will do.
  return incomplete.find(onlyWaits) ?? incomplete[0];
}

function onlyWaits({ evidence }: Judged): boolean {
  return evidence.every(({ outcome }) => outcome !== "fail");
}

/** Reasons by commit. Only where there is something to shorten is anybody asked. */
async function readExpedites(
  deps: PromoteDeps,
  { expediteReason }: PromoteRequest,
  sources: readonly SourceRun[],
  soakMilliseconds: number,
): Promise<ReadonlyMap<string, string>> {
  const soaking = sources.filter(
    (source) => (endOf(source) ?? Number.NEGATIVE_INFINITY) + soakMilliseconds > deps.now(),
  );
  const found = await Promise.all(
    soaking.map(async ({ rollout: { commit } }, index): Promise<readonly [string, string][]> => {
      // A word given with the call is about the newest one.
      const given = index === 0 ? expediteReason : undefined;
      const reason = given ?? (await readExpedite(deps.reviews, commit));
      return reason === undefined ? [] : [[commit, reason]];
    }),
  );
  return new Map(found.flat());
}

/** The target's clusters; undefined when this identity may not see them. */
async function targetClusters(
  { fleet, inventory }: PromoteDeps,
  target: Environment,
): Promise<readonly ManagedCluster[] | undefined> {
  try {
    const members = await fleet.listMembers(target.fleet);
    return await readClusters(
      inventory,
      members.map(({ clusterId }) => clusterId),
    );
  } catch (error) {
    if (isError(error, "unauthorized") || isError(error, "not-found")) return undefined;
    throw error;
  }
}

/** Regions whose newest image is older than the one to promote: one read per region and family. */
async function regionsBehind(
  { inventory }: PromoteDeps,
  { target }: Context,
  clusters: readonly ManagedCluster[],
  { plan }: Candidate,
): Promise<readonly string[]> {
  if (!target.nodeImage.allRegions) return [];
  const samples = samplePools(clusters).filter(({ family }) => plan.nodeImages[family]);
  const behind = await Promise.all(
    samples.map(async ({ region, family, pool }) => {
      const newest = parseNodeImage(await inventory.latestNodeImage(pool.id));
      const wanted = plan.nodeImages[family] ?? "0";
      const has = newest.family === family && compareVersions(newest.version, wanted) >= 0;
      return has ? [] : [`${family}-${wanted} in ${region}`];
    }),
  );
  return behind.flat();
}

async function propose(
  deps: PromoteDeps,
  context: Context,
  request: PromoteRequest,
  judged: Judged,
): Promise<PromotionResult> {
  const { name } = context.target;
  const changed = await write(deps, context, judged);
  const pull = await deps.reviews.openPull(branchOf(name));
  if (!pull) {
    throw new FleetwrightError("conflict", `the promotion of ${name} was closed meanwhile`, {
      remedy: "run this step again, or hold the environment",
    });
  }
  const merge = await settleAutoMerge(deps.reviews, request, judged, pull);
  const { problem: autoMergeProblem } = merge;
  return { kind: "proposed", judged, pull, changed: changed || merge.changed, autoMergeProblem };
}

/** Evidence that was complete and is no more: an open pull request must not look ready to merge. */
async function warn(
  deps: PromoteDeps,
  context: Context,
  judged: Judged,
  open: ReviewedPull,
): Promise<void> {
  if (open.autoMerge) await deps.reviews.disableAutoMerge(open);
  const isAbout = open.body.split("\n", 1)[0]?.includes(runMark(judged.candidate.source.run.name));
  if (isAbout === true) await write(deps, context, judged);
}

async function write(
  { repository }: PromoteDeps,
  { head, release, source, target }: Context,
  judged: Judged,
): Promise<boolean> {
  const text = await repository.readFile(head, release.file);
  if (text === undefined) throw undeclared(release.file);
  const { plan, source: proved } = judged.candidate;
  const { nodeImages, kubernetesVersion, digest } = plan;
  const { changed } = await repository.propose({
    branch: branchOf(target.name),
    ...renderPromotion({ ...judged, source: source.name, target: release.value }),
    labels: ["fleetwright", "promotion"],
    basedOn: head,
    files: {
      [release.file]: withPromotion(text, {
        release: target.name,
        generation: release.value.metadata.generation + 1,
        nodeImages,
        ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
        ...(digest === undefined ? {} : { digest }),
        from: { environment: source.name, generation: proved.release.metadata.generation },
      }),
    },
  });
  return changed;
}

async function settleAutoMerge(
  reviews: ReviewPort,
  { autoMerge }: PromoteRequest,
  judged: Judged,
  pull: ReviewedPull,
): Promise<{ readonly changed: boolean; readonly problem: string | undefined }> {
  if (autoMerge === undefined || autoMerge === pull.autoMerge) {
    return { changed: false, problem: undefined };
  }
  if (!judged.soakedOnItsNodes) {
    const problem = "the source did not run it for the whole soak, so a person merges";
    return { changed: false, problem };
  }
  const problem = await reviews.enableAutoMerge(pull, autoMerge);
  return { changed: problem === undefined, problem };
}

function whyNothing({ source, target }: Context, sources: readonly SourceRun[]): string {
  const [newest] = sources;
  if (!newest) return `${source.name} has no update run that its release declares`;
  const { run } = newest;
  if (run.status.state !== "Completed")
    return `${run.name} of ${source.name} is ${run.status.state}`;
  return `${target.name} declares everything that ${source.name} proved`;
}
