/** Deliberate mistakes in the product, each of which the simulation must notice. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const GATE = "shared/update-run/gate.ts";
const APPROVE = "shared/update-run/approve.ts";
const RECONCILE = "shared/update-run/reconcile.ts";
const RECORD = "shared/quarantine/record.ts";
const SUPPORT = "shared/promotion/support.ts";
const OUTBOX = "shared/core/outbox.ts";

export const MUTANTS: readonly Mutant[] = [
  {
    name: "approve on a failed or unknown verdict",
    file: GATE,
    find: 'if (failed) return { kind: "refuse", reason: failed.reason };',
    replace: "",
  },
  {
    name: "trust ARM's Completed instead of the nodes",
    file: GATE,
    find: "if (!record || record.completedTime !== member.completedTime) {",
    replace:
      'if (member.state === "Completed") return { outcome: "pass", reason: `${member.name}: Completed` };\n  if (!record) {',
  },
  {
    name: "forget the soak",
    file: GATE,
    find: "if (!wait || wait.waitDurationInSeconds === 0) return undefined;",
    replace: "return undefined;",
  },
  {
    name: "approve on what was seen before the soak",
    file: GATE,
    find: "Math.max(soakEnd ?? 0, now - PROOF_AGE_MILLISECONDS)",
    replace: "0",
  },
  {
    name: "approve where we only watch",
    file: GATE,
    find: 'if (!observeOnly) return { kind: "approve", evidence };',
    replace: 'return { kind: "approve", evidence };',
  },
  {
    name: "approve a gate of a run that nobody declared",
    file: "shared/update-run/find-rollout.ts",
    find: "if (rollout?.runName === name) found = rollout;",
    replace: "if (rollout) found = rollout;",
  },
  {
    name: "write no evidence before the gate opens",
    file: APPROVE,
    find: 'await record(deps, context, fresh, { evidence, approvedBy, reason: "it is being approved" });',
    replace: "",
  },
  {
    name: "not look again when the soak is over",
    file: GATE,
    find: "if (!question.gatePending) return false;",
    replace: "return false;",
  },
  {
    name: "call a cordoned node healthy",
    file: "shared/update-run/verify.ts",
    find: "if (node.ready && !node.unschedulable) return [];",
    replace: "if (node.ready) return [];",
  },
  {
    name: "never judge a gate",
    file: RECONCILE,
    find: "const gatesDue = await judgeGates(deps, gates);",
    replace: "const gatesDue = undefined;",
  },
  {
    name: "close a run whose nodes are not proved",
    file: GATE,
    find: 'return record?.outcome === "pass" && (',
    replace: "return record !== undefined || (",
  },
  {
    name: "forget a run once it has completed",
    file: RECONCILE,
    find: "if (ledger.run?.closedAt && run.status.state",
    replace: "if (run.status.state",
  },
  {
    name: "drop the ETag: start a run that changed since it was compared",
    file: "actions/update-run/start.ts",
    find: "stored.name, stored.etag);",
    replace: "stored.name);",
  },
  {
    name: "start what a newer generation overtook",
    file: "shared/update-run/create.ts",
    find: "if (newer === undefined) return;",
    replace: "return;",
  },
  {
    name: "never tell of a quarantined node",
    file: "shared/quarantine/blocked-node.ts",
    find: ".filter((node) => node.quarantined || isLeftBehind(node))",
    replace: ".filter((node) => !node.quarantined && isLeftBehind(node))",
  },
  {
    name: "close an issue before the pool is proved",
    file: RECORD,
    find: "return proved.has(armKey(entry.cluster)) ? { ...released, resolvedAt: at } : released;",
    replace: "return { ...entry, releasedAt: at, resolvedAt: at };",
  },
  {
    name: "propose no newer image while one is known",
    file: "shared/promotion/candidate.ts",
    find: "if (target && compareVersions(target, pin) > 0)",
    replace: "if (target && compareVersions(target, pin) > 1e6)",
  },
  {
    name: "forget the restart: start a run once only",
    file: "actions/update-run/resume.ts",
    find: 'if (state === "Failed" || state === "Stopped") {',
    replace: "if (false) {",
  },
  {
    name: "never release the lease",
    file: "shared/core/coalesce.ts",
    find: "if (value.until <= wallClock.now()) {",
    replace: "if (value.until === 0) {",
  },
  {
    name: "look again and again while the lease is held",
    file: "shared/core/coalesce.ts",
    find: "held = await continueOrRelease(deps, name, held.etag, round < MAX_ROUNDS);",
    replace: "",
  },
  {
    name: "take no proven snapshot",
    file: "shared/update-run/prove.ts",
    find: "if (!rollout.captureProven || proved.length === 0) return taken;",
    replace: "return taken;",
  },
  {
    name: "hold on to the first image that was seen",
    file: "shared/promotion/lookout.ts",
    find: "if (!newest || compareVersions(version, newest) > 0)",
    replace: "if (!newest)",
  },
  {
    name: "confirm a message before it is sent",
    file: OUTBOX,
    find: "const sent = await notifier.send(",
    replace: "await forget(deps, row, value);\n  const sent = await notifier.send(",
  },
  {
    name: "tell nobody of a gate that is held",
    file: APPROVE,
    find: "if (row.held) await announce(",
    replace: "if (false) await announce(",
  },
  {
    name: "send a message without a claim",
    file: OUTBOX,
    find: "if (mine === undefined) return;",
    replace: "",
  },
  {
    name: "propose a Kubernetes version once more with each generation",
    file: "shared/promotion/propose-version.ts",
    find: "branch: `fleetwright/${environment}/kubernetes`,",
    replace: "branch: `fleetwright/${environment}/kubernetes-${release.generation}`,",
  },
  {
    name: "warn of a cluster for each wording of its version",
    file: SUPPORT,
    find: "return `${armKey(cluster)}:${minorOf(kubernetesVersion)}`;",
    replace: "return `${armKey(cluster)}:${kubernetesVersion}`;",
  },
  {
    name: "leave the end of support to its event",
    file: SUPPORT,
    find: "if (notices.length === 0) return false;",
    replace: "return false;",
  },
  {
    name: "leave Kubernetes versions to their events",
    file: "functions/host/asked.ts",
    find: '["Kubernetes versions", () => lookAtVersions(here, "when-due")],',
    replace: "",
  },
];
