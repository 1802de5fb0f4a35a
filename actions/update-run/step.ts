import { FleetwrightError } from "../../shared/core/errors.ts";
import type { QuotaPort } from "../../shared/blue-green/quota.ts";
import type { NodeReader, RemedyPort } from "../../shared/quarantine/ports.ts";
import type { ClusterInventory, SnapshotPort } from "../../shared/snapshot/ports.ts";
import { assertAsDeclared } from "../../shared/update-run/create.ts";
import type { Word } from "../../shared/update-run/hold.ts";
import type { FleetPort, SkipTarget, UpdateRun } from "../../shared/update-run/ports.ts";
import type { PreflightPort } from "../../shared/update-run/preflight/facts.ts";
import type { PreflightChoices } from "../../shared/update-run/preflight/judge.ts";
import type { Declared } from "../runner/declared.ts";
import type { Runner } from "../runner/run-action.ts";
import type { Job } from "./job.ts";
import type { Records } from "./records.ts";
import type { Target } from "./target.ts";

export const OPERATIONS = [
  "preflight",
  "create",
  "start",
  "run",
  "follow",
  "approve",
  "hold",
  "resume",
  "stop",
  "skip",
  "retry",
  "roll-back",
] as const;

export interface UpdateRunInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string;
  readonly release: string | undefined;
  readonly runName: string | undefined;
  /** The run carries its stages itself, instead of naming the stored strategy. */
  readonly inline: boolean;
  readonly targets: readonly SkipTarget[];
  readonly gate: string | undefined;
  readonly stage: string | undefined;
  readonly reason: string | undefined;
  /** Whether a run must be what was reviewed. */
  readonly reviewedPlan: "required" | "off";
  readonly preflightChoices: PreflightChoices;
  readonly preflightTimeoutMilliseconds: number;
  /** Members, the first of the run, whose nodes, budgets and windows are read. */
  readonly preflightMembers: number;
  readonly subscriptionId: string | undefined;
  readonly pollIntervalMilliseconds: number;
  readonly detachAfterMilliseconds: number;
}

export interface UpdateRunDeps {
  readonly fleet: FleetPort;
  readonly inventory: ClusterInventory;
  readonly snapshots: Pick<SnapshotPort, "listSnapshots">;
  readonly nodes: Pick<NodeReader, "readNodes">;
  readonly remedies: Pick<RemedyPort, "listBudgets">;
  readonly quotas: QuotaPort;
  readonly preflights: PreflightPort;
  readonly runner: Runner;
  readonly job: Job;
  /** Absent when the step has no token. */
  readonly records: (() => Promise<Records>) | undefined;
  readDeclared(): Promise<Declared>;
  /** Head of the pull request that is being reviewed. */
  readReviewedHead(): Promise<string | undefined>;
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds of waiting, by a clock that only grows. */
  elapsed(): number;
  /** Azure's time. */
  now(): number;
}

export interface Step {
  readonly deps: UpdateRunDeps;
  readonly inputs: UpdateRunInputs;
  readonly target: Target;
}

/** The stored run, which must be what is declared, unless it was named by hand. */
export function compared({ declared }: Target, stored: UpdateRun): UpdateRun {
  return declared === undefined ? stored : assertAsDeclared(declared, stored);
}

export async function existing({ deps, target }: Step): Promise<UpdateRun> {
  const run = await deps.fleet.getRun(target.fleet, target.name);
  if (run !== undefined) return run;
  throw new FleetwrightError(
    "not-found",
    `update run ${target.name} does not exist in ${target.fleet}`,
    {
      subject: `${target.fleet}/updateRuns/${target.name}`,
      remedy: "create it with operation: create or run",
    },
  );
}

export function needsDeclaration({ declared }: Target): NonNullable<Target["declared"]> {
  if (declared !== undefined) return declared;
  throw new FleetwrightError("invalid-input", "run-name names a run by hand", {
    remedy: "leave it out with this operation: the release names the run",
  });
}

/** Whoever overrides something says why: it is recorded. */
export function needsReason({ inputs, deps }: Step): Word {
  if (inputs.reason !== undefined) return { by: deps.job.actor, reason: inputs.reason };
  throw new FleetwrightError("invalid-input", `operation ${inputs.operation} needs a reason`, {
    remedy: "set `reason` under `with:`: it is recorded",
  });
}

export async function needsRecords({ deps, inputs }: Step, why: string): Promise<Records> {
  if (deps.records !== undefined) return deps.records();
  throw new FleetwrightError(
    "invalid-input",
    `operation ${inputs.operation} needs github-token: ${why}`,
    { remedy: "give it a token of this repository, such as ${{ github.token }}" },
  );
}

/** The commit that carries what is recorded of a run: the one with which its name came up. */
export async function recordCommit(
  { deps, target }: Pick<Step, "deps" | "target">,
  { declarations }: Records,
): Promise<string> {
  const { searchRollout } = await import("../../shared/update-run/find-rollout.ts");
  const { environment, releaseFile, name } = target;
  const rollout =
    releaseFile && (await searchRollout(declarations, environment, releaseFile, name));
  const commit = rollout ? rollout.commit : deps.job.commit;
  if (commit !== undefined) return commit;
  throw new FleetwrightError("invalid-input", `no commit of the repository declares ${name}`, {
    remedy: "run this action in a job of the repository that declares the run",
  });
}
