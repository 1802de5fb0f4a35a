import { applyEnvironment } from "../../actions/strategy/apply.ts";
import type { UpdateRunDeps, UpdateRunInputs } from "../../actions/update-run/step.ts";
import { updateRun } from "../../actions/update-run/update-run.ts";
import type { Declared } from "../../actions/runner/declared.ts";
import type { Runner } from "../../actions/runner/run-action.ts";
import { FleetwrightError, isError } from "../../shared/core/errors.ts";
import { lint } from "../../shared/declaration/lint.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import { createCheckPort } from "../../shared/github/checks.ts";
import { createDeclarationRepository } from "../../shared/github/repository.ts";
import { createReviewHistory } from "../../shared/github/review-history.ts";
import { Account, BUDGETS } from "./budget.ts";
import type { Cloud } from "./cloud.ts";
import { SUBSCRIPTION } from "./cloud.ts";
import type { Sight } from "./coverage.ts";
import type { DeclaredText, GitHub } from "./github.ts";
import { ARM } from "./product.ts";
import { Process, type Service, type Surroundings } from "./process.ts";

/** The client of an action repeats three times, for a job has more time than a handler. */
const PATIENT_ARM: Service = { ...ARM, retries: 3 };

const runner: Runner = { log() {}, leaves() {}, undoOnCancel() {} };

export interface JobDeps {
  readonly cloud: Cloud;
  readonly gitHub: GitHub;
  readonly around: Surroundings;
  readonly now: () => number;
}

/** One job of the repository's workflow: the real steps of the actions, in a process of its own. */
export interface Job {
  readonly operation: "preflight" | "run" | "hold" | "resume";
  /** What is checked out. */
  readonly commit: string;
  /** A run that is named by hand, as a person does who holds or resumes one. */
  readonly runName?: string;
}

/** @returns whether the job ended green; a job whose process dies throws. */
export async function runJob(deps: JobDeps, job: Job): Promise<boolean> {
  const { gitHub, around } = deps;
  const account = new Account(BUDGETS.job);
  account.begin();
  const process = new Process(around, account);
  const declared = declaredBy(gitHub.filesAt(job.commit));
  const updateDeps = compose(deps, process, job, declared);
  try {
    if (job.operation === "run") {
      const [environment] = declared.declarations.workspace?.value.spec.environments ?? [];
      if (!environment) throw new Error("the declarations are broken");
      await applyEnvironment(environment, declared.declarations, updateDeps);
    }
    const report = await updateRun(inputsOf(job), updateDeps);
    return report.failure === undefined;
  } catch (error) {
    if (process.dead) around.seen.add("job of the workflow killed");
    if (isError(error, "plan-changed")) around.seen.add("plan refused as changed");
    if (isError(error, "preflight-failed")) around.seen.add(refusalOf(error));
    throw error;
  }
}

function refusalOf({ message }: Error): Sight {
  return message.includes("overtaken")
    ? "start refused as overtaken"
    : "start refused by the preflight";
}

function inputsOf({ operation, runName }: Job): UpdateRunInputs {
  return {
    operation,
    environment: "prod",
    release: undefined,
    runName,
    inline: false,
    targets: [],
    gate: undefined,
    stage: undefined,
    reason: "a person said so",
    reviewedPlan: "required",
    preflightChoices: new Map(),
    preflightTimeoutMilliseconds: 0,
    preflightMembers: 60,
    subscriptionId: SUBSCRIPTION,
    pollIntervalMilliseconds: 30_000,
    detachAfterMilliseconds: 0,
  };
}

type Deps = UpdateRunDeps & Parameters<typeof applyEnvironment>[2];

function compose(
  { cloud, gitHub, now }: JobDeps,
  process: Process,
  { commit, operation }: Job,
  declared: Declared,
): Deps {
  const home = gitHub.client(process);
  const records = {
    checks: createCheckPort(home),
    reviews: createReviewHistory(home),
    declarations: createDeclarationRepository(home),
  };
  return {
    fleet: process.wrap(cloud.fleets("workflow"), PATIENT_ARM),
    inventory: process.wrap(cloud.inventory, PATIENT_ARM),
    snapshots: process.wrap(cloud.snapshots, PATIENT_ARM),
    nodes: process.wrap(cloud.nodes, PATIENT_ARM),
    ...UNREADABLE,
    runner,
    deleteUndeclared: false,
    job: { commit, actor: "ada", url: "jobs/1" },
    records: async () => records,
    readDeclared: async () => declared,
    readReviewedHead: async () => (operation === "preflight" ? commit : undefined),
    sleep: async () => {},
    elapsed: now,
    now,
  };
}

/** What the operator of this world may not read: the preflight says so, and goes on. */
const UNREADABLE = {
  remedies: {
    async listBudgets(): Promise<never> {
      throw new FleetwrightError("unauthorized", "not allowed");
    },
  },
  quotas: { readQuotas: async () => ({ readable: false, reason: "not allowed" }) as const },
  preflights: {
    listAutoUpgradeProfiles: async () => undefined,
    listKubernetesVersions: async () => undefined,
    readMaintenanceWindow: async () => undefined,
    readNetworkSpace: async () => ({ readable: false, reason: "not allowed" }) as const,
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
