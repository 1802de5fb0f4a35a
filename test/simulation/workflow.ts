import { applyEnvironment } from "../../actions/strategy/apply.ts";
import type { UpdateRunInputs } from "../../actions/update-run/step.ts";
import { updateRun } from "../../actions/update-run/update-run.ts";
import type { Declared } from "../../actions/runner/declared.ts";
import type { Runner } from "../../actions/runner/run-action.ts";
import { isError } from "../../shared/core/errors.ts";
import { lint } from "../../shared/declaration/lint.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import type { Cloud } from "./cloud.ts";
import { SUBSCRIPTION } from "./cloud.ts";
import type { DeclaredText } from "./github.ts";
import { ARM } from "./product.ts";
import { Process, type Service, type Surroundings } from "./process.ts";

/** The client of an action repeats three times, for a job has more time than a handler. */
const PATIENT_ARM: Service = { ...ARM, retries: 3 };

const runner: Runner = { log() {}, leaves() {}, undoOnCancel() {} };

export interface JobDeps {
  readonly cloud: Cloud;
  readonly around: Surroundings;
  readonly now: () => number;
}

/** One job of the repository's workflow: the real steps of the actions, in a process of its own. */
export interface Job {
  readonly operation: "run" | "resume" | "stop";
  /** Of the checked-out commit. */
  readonly files: readonly DeclaredText[];
  /** A run that is named by hand, as a person does who resumes or stops one. */
  readonly runName?: string;
}

/** @returns whether the job ended green; a job whose process dies throws. */
export async function runJob({ cloud, around, now }: JobDeps, job: Job): Promise<boolean> {
  const process = new Process(around);
  const fleet = process.wrap(cloud.fleets("workflow"), PATIENT_ARM);
  const inventory = process.wrap(cloud.inventory, PATIENT_ARM);
  const declared = declaredBy(job.files);
  const inputs: UpdateRunInputs = {
    operation: job.operation,
    environment: "prod",
    release: undefined,
    runName: job.runName,
    inline: false,
    targets: [],
    gate: undefined,
    stage: undefined,
    reason: undefined,
    // No pull requests here: what is merged is declared.
    reviewedPlan: "off",
    // Chance breaks clusters all the time: whether a run copes with them is what is simulated.
    preflightChoices: new Map([
      ["cluster-stopped", "warn"],
      ["cluster-busy", "warn"],
      ["cluster-failed", "warn"],
    ]),
    preflightTimeoutMilliseconds: 0,
    subscriptionId: SUBSCRIPTION,
    pollIntervalMilliseconds: 30_000,
    detachAfterMilliseconds: 0,
  };
  try {
    if (job.operation === "run") {
      const [environment] = declared.declarations.workspace?.value.spec.environments ?? [];
      if (!environment) throw new Error("the declarations are broken");
      const applying = { fleet: { ...fleet, deleteStrategy }, runner, deleteUndeclared: false };
      await applyEnvironment(environment, declared.declarations, applying);
    }
    const report = await updateRun(inputs, {
      fleet,
      inventory,
      ...UNSEEN,
      runner,
      job: { commit: undefined, actor: "workflow", url: "" },
      records: undefined,
      readReviewedHead: async () => undefined,
      readDeclared: async () => declared,
      sleep: async () => {},
      elapsed: now,
      now,
    });
    return report.failure === undefined;
  } catch (error) {
    if (process.dead) around.seen.add("job of the workflow killed");
    if (isError(error, "plan-changed")) around.seen.add("plan refused as changed");
    if (isError(error, "preflight-failed")) around.seen.add("start refused beside another run");
    throw error;
  }
}

const deleteStrategy = async () => {
  throw new Error("the simulated workflow deletes nothing");
};

/** What a preflight could see beside the lists: nothing, which speaks neither for nor against a run. */
const UNSEEN = {
  snapshots: { listSnapshots: async () => [] },
  nodes: { readNodes: async () => ({ visible: false as const, reason: "not simulated" }) },
  remedies: { listBudgets: async () => [] },
  quotas: { readQuotas: async () => ({ readable: false as const, reason: "not simulated" }) },
  preflights: {
    listAutoUpgradeProfiles: async () => undefined,
    listKubernetesVersions: async () => undefined,
  },
};

/** The same texts come again in every seed. */
const known = new Map<string, Declared>();

function declaredBy(files: readonly DeclaredText[]): Declared {
  const key = files.map(({ text }) => text).join();
  const cached = known.get(key);
  if (cached) return cached;
  const declarations = parseDeclarations(files);
  const findingsWith: Declared["findingsWith"] = (live) => [
    ...declarations.findings,
    ...lint(declarations, live),
  ];
  const declared = { declarations, findings: findingsWith({}), findingsWith };
  known.set(key, declared);
  return declared;
}
