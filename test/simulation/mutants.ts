/** Deliberate mistakes in the product, each of which the simulation must notice. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "approve on a failed verdict",
    file: "shared/update-run/gate.ts",
    find: 'if (failed) return { kind: "refuse", reason: failed.reason };',
    replace: "",
  },
  {
    name: "forget the soak",
    file: "shared/update-run/gate.ts",
    find: "if (!wait || wait.waitDurationInSeconds === 0) return undefined;",
    replace: "return undefined;",
  },
  {
    name: "call a cordoned node healthy",
    file: "shared/update-run/verify.ts",
    find: "if (node.ready && !node.unschedulable) return [];",
    replace: "if (node.ready) return [];",
  },
  {
    name: "not look again when the soak is over",
    file: "shared/update-run/gate.ts",
    find: "    question.gatePending &&",
    replace: "    false &&",
  },
  {
    name: "open an issue without looking for one",
    file: "shared/quarantine/flag.ts",
    find: "if (!existing) {",
    replace: "if (record.issue === undefined) {",
  },
  {
    name: "forget the claim of a crash",
    file: "shared/quarantine/record.ts",
    find: "return record.issue !== undefined && record.claimedUntil === undefined;",
    replace: "return record.issue !== undefined;",
  },
  {
    name: "look no more at a cluster whose node is on record",
    file: "shared/update-run/gate.ts",
    find: "if (question.held || ",
    replace: "if (",
  },
  {
    name: "never tell of a quarantined node",
    file: "shared/quarantine/blocked-node.ts",
    find: ".filter((node) => node.quarantined || isLeftBehind(node))",
    replace: ".filter((node) => !node.quarantined && isLeftBehind(node))",
  },
  {
    name: "close an issue before the pool is proved",
    file: "shared/quarantine/record.ts",
    find: "return proved.has(armKey(entry.cluster)) ? { ...released, resolvedAt: at } : released;",
    replace: "return { ...entry, releasedAt: at, resolvedAt: at };",
  },
  {
    name: "propose an image before all regions have it, and never again",
    file: "shared/promotion/candidate.ts",
    find: "if (target && compareVersions(target, pin) > 0)",
    replace: "if (target && compareVersions(target, pin) > 1e6)",
  },
  {
    name: "never judge a gate",
    file: "shared/update-run/reconcile.ts",
    find: "const due = await judgeGates(deps, gates);",
    replace: "const due = undefined;",
  },
];
