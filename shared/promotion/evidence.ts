import { formatDuration } from "../core/duration.ts";
import { counted } from "../core/markdown.ts";
import { tookMilliseconds } from "../update-run/progress.ts";
import type { Candidate } from "./candidates.ts";
import type { Observed } from "./observe.ts";
import type { CheckResult } from "./ports.ts";

/** `wait`: time or somebody's work will do. `fail`: a person has to look. Only `pass` alone promotes. */
export type EvidenceOutcome = "pass" | "wait" | "fail";

export interface EvidenceItem {
  readonly name:
    | "run"
    | "nodes"
    | "quarantine"
    | "snapshots"
    | "soak"
    | "checks"
    | "regions"
    | "strategy";
  readonly outcome: EvidenceOutcome;
  /** One sentence. */
  readonly detail: string;
}

export interface EvidenceInput {
  readonly candidate: Candidate;
  readonly observed: Observed;
  /** Declared: the source captures proven snapshots. */
  readonly captureProven: boolean;
  readonly soakMilliseconds: number;
  /** Who shortened the soak, and why. */
  readonly expedited: string | undefined;
  readonly requiredChecks: readonly string[];
  readonly checks: readonly CheckResult[];
  /** `region: family` that does not have the image yet; undefined when the target cannot be seen. */
  readonly regionsBehind: readonly string[] | undefined;
  readonly now: number;
}

/** A candidate with everything that speaks for and against it. */
export interface Judged {
  readonly candidate: Candidate;
  readonly observed: Observed;
  readonly evidence: readonly EvidenceItem[];
  /** The source ran it for the whole soak: without that, only a person merges. */
  readonly soakedOnItsNodes: boolean;
}

/** Names in one sentence; the rest is counted. */
const MAX_NAMED = 5;

/** Everything that must hold before a proved release goes on. Pure. */
export function judgeEvidence(input: EvidenceInput): readonly EvidenceItem[] {
  return [
    judgeRun(input),
    judgeNodes(input),
    judgeQuarantine(input),
    ...judgeSnapshots(input),
    judgeSoak(input),
    ...judgeChecks(input),
    judgeRegions(input),
    ...judgeStrategy(input),
  ];
}

export function isComplete(evidence: readonly EvidenceItem[]): boolean {
  return evidence.every(({ outcome }) => outcome === "pass");
}

/** The first thing that is missing: what fails before what only takes time. */
export function firstGap(evidence: readonly EvidenceItem[]): EvidenceItem | undefined {
  return (
    evidence.find(({ outcome }) => outcome === "fail") ??
    evidence.find(({ outcome }) => outcome === "wait")
  );
}

function judgeRun({ candidate, observed }: EvidenceInput): EvidenceItem {
  const { run } = candidate.source;
  const upgraded = observed.members.filter(({ excused }) => !excused);
  if (upgraded.length === 0) {
    const detail = `${run.name} completed, but a person skipped every member: it proves nothing`;
    return { name: "run", outcome: "fail", detail };
  }
  const failed = upgraded.filter(({ member }) => member.state === "Failed");
  if (failed.length > 0) {
    const detail = `${named(failed.map(({ member }) => member.name))} failed in ${run.name}`;
    return { name: "run", outcome: "fail", detail };
  }
  const skipped = observed.members.length - upgraded.length;
  const took = tookMilliseconds(run.status);
  const did = run.status.state === "Skipped" ? "found at their target" : `completed`;
  const time = took === undefined ? "" : ` in ${formatDuration(took)}`;
  const rest = skipped > 0 ? `; ${skipped} skipped by a person` : "";
  const detail = `${run.name} ${did} ${counted(upgraded.length, "member")}${time}${rest}`;
  return { name: "run", outcome: "pass", detail };
}

function judgeNodes({ candidate, observed }: EvidenceInput): EvidenceItem {
  const name = "nodes";
  const members = observed.members.filter(({ excused }) => !excused);
  const { movedOn } = candidate;
  if (movedOn) {
    // Its nodes run something newer by now: what was proved then stands in the snapshots.
    if (observed.unprovenPools.length > 0) {
      const detail = `the nodes run ${movedOn.run} since ${iso(movedOn.at)}, and no proven snapshot of ${named(observed.unprovenPools)} recorded what they ran before`;
      return { name, outcome: "fail", detail };
    }
    const detail = `proved by ${counted(observed.provenPools, "snapshot")}; the nodes run ${movedOn.run} since ${iso(movedOn.at)}`;
    return { name, outcome: "pass", detail };
  }
  const doubtful = members.filter(({ verdict }) => verdict?.outcome !== "pass");
  const [first] = doubtful;
  if (first) {
    const waits = doubtful.every(({ verdict }) => verdict?.outcome === "inconclusive");
    const why = first.verdict?.reasons[0] ?? "was not seen";
    const rest = doubtful.length - 1;
    const detail = `${first.member.name}: ${why}${rest > 0 ? `; and ${counted(rest, "more member")}` : ""}`;
    return { name, outcome: waits ? "wait" : "fail", detail };
  }
  const nodes = members.reduce((sum, { verdict }) => sum + (verdict?.nodesUpgraded ?? 0), 0);
  const detail = `${counted(nodes, "node")} of ${counted(members.length, "member")} on the pinned image, Ready and schedulable`;
  return { name, outcome: "pass", detail };
}

function judgeQuarantine({ observed }: EvidenceInput): EvidenceItem {
  const quarantined = observed.members.flatMap(({ member, quarantined: nodes }) =>
    nodes.map((node) => `${member.name}/${node}`),
  );
  return quarantined.length === 0
    ? { name: "quarantine", outcome: "pass", detail: "no node is quarantined" }
    : { name: "quarantine", outcome: "fail", detail: `${named(quarantined)} quarantined` };
}

function judgeSnapshots({ captureProven, observed }: EvidenceInput): readonly EvidenceItem[] {
  if (!captureProven) return [];
  const { provenPools, unprovenPools } = observed;
  if (unprovenPools.length > 0) {
    const detail = `no proven snapshot yet of ${named(unprovenPools)}`;
    return [{ name: "snapshots", outcome: "wait", detail }];
  }
  const detail = `${counted(provenPools, "node pool")} captured as proven snapshots`;
  return [{ name: "snapshots", outcome: "pass", detail }];
}

/** Told by fixed times, not by elapsed ones: the same evidence reads the same at every look. */
function judgeSoak(input: EvidenceInput): EvidenceItem {
  const { candidate, soakMilliseconds, expedited, now } = input;
  const { provedAt, soakedAt, movedOn } = candidate;
  const wanted = formatDuration(soakMilliseconds);
  if (soakedAt > now) {
    const detail = `the soak of ${wanted} ends ${iso(soakedAt)}`;
    return { name: "soak", outcome: "wait", detail };
  }
  if (soakedAt < provedAt + soakMilliseconds && expedited !== undefined) {
    const detail = `proved ${iso(provedAt)}; the soak of ${wanted} was shortened: ${expedited}`;
    return { name: "soak", outcome: "pass", detail };
  }
  const own = soakedOnItsNodes(input)
    ? ""
    : `, ${formatDuration((movedOn?.at ?? soakedAt) - provedAt)} of it on its own nodes`;
  const detail = `proved ${iso(provedAt)}, soaked ${wanted} until ${iso(soakedAt)}${own}`;
  return { name: "soak", outcome: "pass", detail };
}

/** Did the source keep running it for the whole soak? */
export function soakedOnItsNodes({
  candidate: { movedOn, provedAt },
  soakMilliseconds,
}: Pick<EvidenceInput, "candidate" | "soakMilliseconds">): boolean {
  return movedOn === undefined || movedOn.at >= provedAt + soakMilliseconds;
}

function judgeChecks({ requiredChecks, checks }: EvidenceInput): readonly EvidenceItem[] {
  if (requiredChecks.length === 0) return [];
  const found = requiredChecks.map((name) => ({
    name,
    conclusion: checks.find((check) => check.name === name)?.conclusion,
  }));
  const bad = found.filter(
    ({ conclusion }) => conclusion !== undefined && conclusion !== "success",
  );
  if (bad.length > 0) {
    const detail = bad.map(({ name, conclusion }) => `"${name}" is ${conclusion}`).join(", ");
    return [{ name: "checks", outcome: "fail", detail }];
  }
  const open = found.filter(({ conclusion }) => conclusion === undefined);
  if (open.length > 0) {
    const detail = `${named(open.map(({ name }) => `"${name}"`))} has not succeeded yet`;
    return [{ name: "checks", outcome: "wait", detail }];
  }
  const detail = `${named(requiredChecks.map((name) => `"${name}"`))} succeeded`;
  return [{ name: "checks", outcome: "pass", detail }];
}

function judgeRegions({ regionsBehind }: EvidenceInput): EvidenceItem {
  const name = "regions";
  if (regionsBehind === undefined) {
    const detail =
      "the target's clusters cannot be seen by this identity; the run's preflight asks";
    return { name, outcome: "pass", detail };
  }
  return regionsBehind.length === 0
    ? { name, outcome: "pass", detail: "the target's regions have the images" }
    : { name, outcome: "wait", detail: `not available yet: ${named(regionsBehind)}` };
}

function judgeStrategy({ candidate }: EvidenceInput): readonly EvidenceItem[] {
  const { obstacle } = candidate.plan;
  return obstacle === undefined ? [] : [{ name: "strategy", outcome: "fail", detail: obstacle }];
}

function named(names: readonly string[]): string {
  const rest = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

export function iso(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
