import type { SimulatedCluster } from "./cluster.ts";
import { SimulationError } from "./model.ts";
import type { ClusterUpgrade, Instant, UpdateState, UpdateStatus } from "./model.ts";
import type { RunContext } from "./run-context.ts";
import { haltsRun } from "./run-failures.ts";
import { become } from "./run-state.ts";
import type { MemberState } from "./run-state.ts";
import { decideMember, passedPools } from "./run-target.ts";
import type { OperationState } from "./state.ts";

/** A member whose version is missing in its region is looked at again about every six hours. */
const PENDING_RETRY_MILLISECONDS = 6 * 3_600_000;

/** The member's turn: starts its upgrade, or settles at once why there is none. */
export function startMember(run: RunContext, member: MemberState): void {
  const cluster = run.link.clusterOf(member.clusterId);
  member.retryAt = undefined;
  if (cluster === undefined) {
    const message = `Managed cluster ${member.clusterId} of member '${member.name}' was not found.`;
    return fail(run, member, { code: "NotFound", message });
  }
  const target = {
    kernel: run.link.kernel,
    spec: run.spec,
    selected: run.selectedNodeImageVersions,
  };
  const decision = decideMember(target, cluster);
  switch (decision.kind) {
    case "reached":
      return settleReached(run, member);
    case "unresolvable":
      member.message = "no node image is common to the regions of all members.";
      return set(run, member, "Skipped");
    case "pending":
      return postpone(run, member, decision);
    case "closed":
      return waitForWindow(run, member, { cluster, opensAt: decision.opensAt });
    case "failed":
      return fail(run, member, decision);
    case "upgrade":
      member.message = passedPools(target, cluster);
      return beginUpgrade(run, member, { cluster, upgrade: decision.upgrade });
  }
}

/** At target already: Skipped, unless this run brought it there or its failed attempt was repaired since. */
function settleReached(run: RunContext, member: MemberState): void {
  member.message = member.attempted ? undefined : "cluster is at its target already.";
  set(run, member, member.attempted ? "Completed" : "Skipped");
}

function postpone(
  run: RunContext,
  member: MemberState,
  { code, message }: { readonly code: string; readonly message: string },
): void {
  member.message = `set member: ${member.name} to Pending due to failed validation err: ${message}`;
  member.retryAt = run.now + PENDING_RETRY_MILLISECONDS;
  set(run, member, "Pending", { code, message });
  run.link.kernel.timeline.at(member.retryAt, () => run.advance());
}

/** A window that is changed meanwhile may be open at once. */
function waitForWindow(
  run: RunContext,
  member: MemberState,
  {
    cluster,
    opensAt,
  }: { readonly cluster: SimulatedCluster; readonly opensAt: Instant | undefined },
): void {
  const next = opensAt === undefined ? "never" : new Date(opensAt).toISOString();
  member.message = `member maintenance window is unavailable for update. next window opens at: ${next}`;
  member.retryAt = opensAt ?? Infinity;
  if (member.state === "Pending") run.changed("member", member.name, "Pending");
  else set(run, member, "Pending");
  if (opensAt !== undefined) run.link.kernel.timeline.at(opensAt, () => run.advance());
  cluster.onWindowChange(() => {
    if (member.state !== "Pending") return;
    member.retryAt = run.now;
    run.advance();
  });
}

function beginUpgrade(
  run: RunContext,
  member: MemberState,
  { cluster, upgrade }: { readonly cluster: SimulatedCluster; readonly upgrade: ClusterUpgrade },
): void {
  member.attempted = true;
  let operation: OperationState;
  try {
    operation = cluster.upgrade(upgrade);
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    return fail(run, member, { code: error.code, message: error.message });
  }
  member.operationId = operation.id;
  member.inFlight = true;
  set(run, member, "Running");
  if (operation.endedAt !== undefined) return finish(run, member, operation);
  operation.whenEnded.push(() => finish(run, member, operation));
}

function finish(run: RunContext, member: MemberState, operation: OperationState): void {
  member.inFlight = false;
  const { quarantineFailsMember } = run.link.kernel.rules;
  const passes =
    operation.status === "Succeeded" || (operation.onlyQuarantine && !quarantineFailsMember);
  if (passes) set(run, member, "Completed");
  else fail(run, member, operation.error);
  run.advance();
}

function fail(run: RunContext, member: MemberState, error: UpdateStatus["error"]): void {
  set(run, member, "Failed", error);
  if (haltsRun(run, member)) run.halting = "failure";
}

function set(
  run: RunContext,
  member: MemberState,
  state: UpdateState,
  error?: UpdateStatus["error"],
): void {
  become(run, member, { scope: "member", name: member.name, state, error });
}
