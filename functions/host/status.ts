import type { ArmId } from "../../shared/core/arm-id.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import { parseRunName } from "../../shared/declaration/strategy.ts";
import { readImages, type ImageRecord } from "../../shared/promotion/lookout.ts";
import { readQuarantine } from "../../shared/quarantine/flag.ts";
import type { QuarantinedNode } from "../../shared/quarantine/record.ts";
import { explainMember } from "../../shared/update-run/explain.ts";
import { ledgerPartition, readLedger, type Ledger } from "../../shared/update-run/ledger.ts";
import type {
  GateStatus,
  GroupStatus,
  StageStatus,
  UpdateRun,
  UpdateState,
} from "../../shared/update-run/ports.ts";
import type { App } from "./compose.ts";
import { currentDeclarations } from "./look.ts";

/** What the status function answers. Times are ISO 8601, by Azure's clock. */
export interface Status {
  readonly at: string;
  readonly environments: readonly EnvironmentStatus[];
  readonly nodeImages: readonly ImageRecord[];
}

export interface EnvironmentStatus {
  readonly name: string;
  readonly fleet: ArmId;
  readonly generation: number | undefined;
  readonly nodeImages: Readonly<Record<string, string>>;
  readonly runs: readonly RunStatus[];
  readonly quarantined: readonly (QuarantinedNode & {
    readonly cause: string;
    readonly issue: number | undefined;
  })[];
}

export interface RunStatus {
  readonly name: string;
  readonly state: UpdateState;
  readonly commit: string | undefined;
  readonly nextCheckAt: string | undefined;
  readonly stages: readonly {
    readonly name: string;
    readonly state: UpdateState;
    readonly startTime: string | undefined;
    readonly completedTime: string | undefined;
    readonly gates: readonly GateView[];
    readonly members: readonly MemberView[];
  }[];
}

export interface GateView {
  readonly displayName: string;
  readonly state: UpdateState;
  readonly approvedAt: string | undefined;
  readonly approvedBy: string | undefined;
  /** Why it is not approved, where that is known. */
  readonly reason: string | undefined;
}

export interface MemberView {
  readonly name: string;
  readonly group: string;
  readonly state: UpdateState;
  readonly outcome: string | undefined;
  readonly nodesUpgraded: number | undefined;
  /** One sentence on what the member does or waits for. */
  readonly why: string;
}

/** Runs of a fleet that are shown, newest first. */
const MAX_RUNS_SHOWN = 5;

export async function readStatus(app: App): Promise<Status> {
  const declarations = await currentDeclarations(app);
  const environments = declarations.workspace?.value.spec.environments ?? [];
  const releases = new Map(
    declarations.releases.map(({ value }) => [value.metadata.name, value] as const),
  );
  const images = await readImages(app.store);
  return {
    environments: await Promise.all(
      environments.map(async (environment): Promise<EnvironmentStatus> => {
        const release = releases.get(environment.name);
        return {
          name: environment.name,
          fleet: environment.fleet,
          generation: release?.metadata.generation,
          nodeImages: release?.spec.nodeImages ?? {},
          runs: await readRuns(app, environment),
          quarantined: await readQuarantined(app, environment),
        };
      }),
    ),
    nodeImages: images.map(({ value }) => value),
    at: new Date(app.clock.now()).toISOString(),
  };
}

async function readQuarantined(
  app: App,
  environment: Environment,
): Promise<EnvironmentStatus["quarantined"]> {
  const records = await readQuarantine(app.store, environment.name);
  return records.flatMap(({ value: { nodes, cause, issue } }) =>
    nodes.map((node) => ({ ...node, cause, issue })),
  );
}

async function readRuns(app: App, environment: Environment): Promise<readonly RunStatus[]> {
  const runs = (await app.fleets.listRuns(environment.fleet))
    .filter(({ name }) => parseRunName(name)?.release === environment.name)
    .toSorted((a, b) => (b.createdAt ?? "").localeCompare(a.createdAt ?? ""))
    .slice(0, MAX_RUNS_SHOWN);
  return Promise.all(
    runs.map(async (run) => runStatus(run, await readLedger(app.store, ledgerPartition(run)))),
  );
}

function runStatus(run: UpdateRun, ledger: Ledger): RunStatus {
  return {
    name: run.name,
    state: run.status.state,
    commit: ledger.run?.commit,
    nextCheckAt: ledger.run?.nextCheckAt,
    stages: run.stageStatuses.map((stage) => ({
      name: stage.name,
      state: stage.state,
      startTime: stage.startTime,
      completedTime: stage.completedTime,
      gates: gatesOf(stage).map((gate) => gateView(gate, ledger)),
      members: stage.groups.flatMap((group) => membersOf(run, stage, group, ledger)),
    })),
  };
}

function gatesOf(stage: StageStatus): readonly GateStatus[] {
  const ofGroups = stage.groups.flatMap(({ beforeGates, afterGates }) => [
    ...beforeGates,
    ...afterGates,
  ]);
  return [...stage.beforeGates, ...ofGroups, ...stage.afterGates];
}

function gateView(gate: GateStatus, ledger: Ledger): GateView {
  const record = ledger.gates.get(gate.gateId?.split("/").at(-1) ?? "");
  return {
    displayName: gate.displayName,
    state: gate.state,
    approvedAt: record?.approvedAt,
    approvedBy: record?.approvedBy,
    reason: record?.approvedAt ? undefined : record?.reason,
  };
}

function membersOf(
  run: UpdateRun,
  stage: StageStatus,
  group: GroupStatus,
  ledger: Ledger,
): readonly MemberView[] {
  return group.members.map((member) => {
    const record = ledger.members.get(member.name);
    return {
      name: member.name,
      group: group.name,
      state: member.state,
      outcome: record?.outcome,
      nodesUpgraded: record?.nodesUpgraded,
      why: explainMember(run, stage, group, member, record),
    };
  });
}
