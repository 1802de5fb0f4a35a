import type { SimulatedCluster } from "./cluster.ts";
import type { Kernel } from "./kernel.ts";
import type { Gate, RunSpec, UpdateState, UpdateStatus } from "./model.ts";
import type {
  Candidate,
  GateEntry,
  Journal,
  MemberState,
  StageState,
  StatusState,
} from "./run-state.ts";

/** What a run needs of its fleet. */
export interface FleetLink {
  readonly kernel: Kernel;
  readonly fleetId: string;
  candidates(): readonly Candidate[];
  clusterOf(clusterId: string): SimulatedCluster | undefined;
  openGate(gate: Omit<Gate, "name" | "state">): string;
  /** Its time has come; nothing happens when it is open or gone by then. */
  openOnTime(gateId: string): void;
  skipGate(gateId: string): void;
}

/** What the parts of the run engine need of their run. */
export interface RunContext extends Journal {
  readonly name: string;
  readonly link: FleetLink;
  readonly spec: RunSpec;
  readonly status: StatusState;
  readonly stages: readonly StageState[];
  readonly selectedNodeImageVersions: readonly string[] | undefined;
  /** Nothing new starts: somebody stopped the run, or a member failed. */
  halting: "stop" | "failure" | undefined;
  setRun(state: UpdateState, error?: UpdateStatus["error"]): void;
  /** Looks at the whole run and does whatever is due; safe to call at any time. */
  advance(): void;
  beginMember(member: MemberState): void;
  reachGate(
    gate: GateEntry,
    at: { readonly stage: string; readonly group: string | undefined },
  ): void;
}
