import { armKey } from "../core/arm-id.ts";
import { digest } from "../core/digest.ts";
import type { QuarantinedNode, QuarantineRecord } from "../quarantine/record.ts";
import { runCheckName } from "./checks.ts";
import { reportHold, type HoldDeps } from "./hold-issue.ts";
import { heldGates, writeRow, type GateRecord } from "./ledger.ts";
import type { MemberStatus, UpdateRun } from "./ports.ts";
import { membersOf } from "./state.ts";
import { verdict } from "./summary.ts";
import { isFailed, passedOver } from "./tolerance.ts";

/** How a run stands, for the check of the commit that it was created from. */
export interface RunReport {
  /** Name of the check. */
  readonly name: string;
  readonly commit: string;
  readonly run: string;
  /** `action_required`: held, a person is needed. */
  readonly state: "in_progress" | "success" | "failure" | "action_required";
  readonly title: string;
  readonly summary: string;
}

/** Shows a run at its commit: brought up to date, never doubled. */
export interface RunReporter {
  publish(report: RunReport): Promise<void>;
}

export interface ReportInput {
  readonly environment: string;
  readonly commit: string;
  readonly run: UpdateRun;
  readonly gates: ReadonlyMap<string, GateRecord>;
  readonly quarantine: readonly QuarantineRecord[];
  readonly closed: boolean;
}

export interface ReportDeps extends HoldDeps {
  /** Absent: the check is not written. */
  readonly reporter?: RunReporter;
}

/** Why the run needs a person: what our checks refused, or a failure that no other issue tells of. Pure. */
export function holdsOf({ run, gates, quarantine }: ReportInput): readonly string[] {
  const refused = heldGates(run, gates).map(
    ([, gate]) =>
      `the gate "${gate.displayName}" of ${gate.stage} stays closed: ${gate.reason ?? "?"}`,
  );
  if (!isFailed(run) || isExplained(run, quarantine)) return refused;
  const passed = passedOver(run);
  if (passed.length > 0) return [...refused, `the run went on past ${named(passed)}, which failed`];
  return [...refused, `the run failed: ${run.status.error?.message ?? "Fleet gives no reason"}`];
}

/** A page of names is read by nobody. */
const MAX_NAMES = 5;

function named(members: readonly string[]): string {
  const rest = members.length - MAX_NAMES;
  return `${members.slice(0, MAX_NAMES).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** Each failed member has the issue of a node that was left behind, which says how the run goes on. */
function isExplained(run: UpdateRun, quarantine: readonly QuarantineRecord[]): boolean {
  const failed = membersOf(run).filter(({ member }) => member.state === "Failed");
  const nodes = quarantine.flatMap((record) => record.nodes);
  return (
    failed.length > 0 && failed.every(({ member }) => nodes.some((node) => stopped(node, member)))
  );
}

/** A node that was proved before the member failed belongs to an earlier upgrade. */
function stopped(node: QuarantinedNode, member: MemberStatus): boolean {
  if (armKey(node.cluster) !== armKey(member.clusterId)) return false;
  if (node.resolvedAt === undefined || member.completedTime === undefined) return !node.resolvedAt;
  return Date.parse(node.resolvedAt) >= Date.parse(member.completedTime);
}

/** The check of a run. Pure. */
export function runReport(input: ReportInput): RunReport {
  const { environment, commit, run, closed } = input;
  const holds = holdsOf(input);
  const issues = input.quarantine.flatMap(({ issue, nodes }) =>
    issue !== undefined && nodes.some(({ resolvedAt }) => !resolvedAt) ? [`#${issue}`] : [],
  );
  const state = stateOf(input, holds);
  return {
    name: runCheckName(environment),
    commit,
    run: run.name,
    state,
    title: titleOf(run, state, holds, closed),
    summary: [
      verdict(run),
      ...holds.map((hold) => `- held: ${hold}`),
      ...(issues.length > 0 ? [`Nodes are left behind: ${issues.join(", ")}.`] : []),
    ].join("\n\n"),
  };
}

function stateOf({ run, closed }: ReportInput, holds: readonly string[]): RunReport["state"] {
  if (closed) return "success";
  if (isFailed(run)) return "failure";
  if (holds.length > 0 || run.status.state === "Stopped") return "action_required";
  return "in_progress";
}

function titleOf(
  run: UpdateRun,
  state: RunReport["state"],
  holds: readonly string[],
  closed: boolean,
): string {
  if (closed) return `${run.name} is done and proved`;
  const [first] = holds;
  if (first !== undefined) return `${run.name}: ${first}`;
  return state === "in_progress" && run.status.state === "Completed"
    ? `${run.name} is done; its nodes are being proved`
    : `${run.name} is ${run.status.state}`;
}

/**
 * Brings the check and the issue of a run up to date.
 *
 * @param said digest of what the check says already, if there is one.
 * @returns whether both say what they should.
 */
export async function reportRun(
  deps: ReportDeps,
  { partition, said }: { readonly partition: string; readonly said: string | undefined },
  input: ReportInput,
): Promise<boolean> {
  await reportCheck(deps, { partition, said }, runReport(input));
  return reportHold(deps, input.environment, input.run.name, holdsOf(input));
}

async function reportCheck(
  { store, reporter, logger }: ReportDeps,
  known: { readonly partition: string; readonly said: string | undefined },
  report: RunReport,
): Promise<void> {
  if (!reporter) return;
  const said = digest(report);
  if (known.said === said) return;
  await reporter.publish(report);
  const { run, state, title } = report;
  logger.info("run shown at its commit", { run, state, title });
  await writeRow(store, known.partition, "check", { said });
}
