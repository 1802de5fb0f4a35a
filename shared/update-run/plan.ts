import { armKey } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { digest } from "../core/digest.ts";
import { runDifferences, stageDifferences } from "./compare.ts";
import type { DeclaredRun } from "./create.ts";
import type { FleetMember, UpdateRun, UpdateRunSpec, UpdateStage } from "./ports.ts";
import { membersOf } from "./state.ts";

/** All that decides what a run will do to whom, and in which order. */
export interface Plan {
  readonly fleet: ArmId;
  readonly run: string;
  readonly spec: Omit<UpdateRunSpec, "strategyId" | "stages">;
  /** Empty for one by one. */
  readonly stages: readonly UpdateStage[];
  readonly members: readonly PlannedMember[];
}

export interface PlannedMember {
  readonly name: string;
  /** Empty for one by one: there the group decides nothing. */
  readonly group: string;
  /** Digest of the cluster's ARM id: another cluster under the same name is another member. */
  readonly cluster: string;
}

/** Sixteen million million values, for a thousand clusters. */
const CLUSTER_CHARACTERS = 11;

/** The plan of a declared run over the members that its fleet has now. */
export function planOf(declared: DeclaredRun, members: readonly FleetMember[]): Plan {
  const { fleet, name, spec, stages } = declared;
  const groups = new Set(stages.flatMap((stage) => stage.groups.map((group) => group.name)));
  const reached = members.filter(
    ({ group }) => stages.length === 0 || (group !== undefined && groups.has(group)),
  );
  return {
    fleet: armKey(fleet),
    run: name,
    spec: whatOf(spec),
    stages,
    members: sorted(
      reached.map((member) => ({
        name: member.name,
        group: stages.length === 0 ? "" : (member.group ?? ""),
        cluster: clusterDigest(member.clusterId),
      })),
    ),
  };
}

/** The plan of a run as Fleet has stored it: stages and members were copied when it was created. */
export function planOfRun(declared: DeclaredRun, stored: UpdateRun): Plan {
  const oneByOne = declared.stages.length === 0;
  return {
    fleet: armKey(declared.fleet),
    run: stored.name,
    spec: whatOf(stored),
    stages: oneByOne ? [] : (stored.stages ?? declared.stages),
    members: sorted(
      membersOf(stored).map(({ group, member }) => ({
        name: member.name,
        group: oneByOne ? "" : group,
        cluster: clusterDigest(member.clusterId),
      })),
    ),
  };
}

export function planHash(plan: Plan): string {
  return digest(plan);
}

/** Name of the check that carries the plan of an environment's run, on the head of its pull request. */
export function planCheckName(environment: string): string {
  return `fleetwright plan: ${environment}`;
}

/** A plan as a check carried it; what has not its form, somebody else wrote. */
export function parsePlan(data: unknown): Plan | undefined {
  const plan = data as Partial<Plan> | null | undefined;
  const sound =
    typeof plan === "object" &&
    plan !== null &&
    typeof plan.fleet === "string" &&
    typeof plan.run === "string" &&
    typeof plan.spec?.nodeImageSelection?.type === "string" &&
    Array.isArray(plan.stages) &&
    plan.stages.every((stage) => Array.isArray(stage?.groups)) &&
    Array.isArray(plan.members) &&
    plan.members.every((member) => typeof member?.name === "string");
  return sound ? (plan as Plan) : undefined;
}

export interface PlanComparison {
  /** What was not reviewed: sentences, most telling first. */
  readonly blocks: readonly string[];
  /** What is less than was reviewed. */
  readonly notes: readonly string[];
}

/** What differs between the plan that was reviewed and the one that is about to happen. */
export function comparePlans(reviewed: Plan, actual: Plan): PlanComparison {
  const known = new Map(reviewed.members.map((member) => [member.name, member]));
  const present = new Set(actual.members.map(({ name }) => name));
  const differences = [
    ...runDifferences(reviewed.spec, actual.spec),
    ...stageDifferences(reviewed.stages, actual.stages),
  ].map(
    ({ field, declared, stored }) =>
      `${field}: reviewed ${declared || "nothing"}, now ${stored || "nothing"}`,
  );
  return {
    blocks: [
      ...(reviewed.fleet === actual.fleet ? [] : [`fleet: reviewed ${reviewed.fleet}`]),
      ...differences,
      ...actual.members.flatMap((member) => notReviewed(known.get(member.name), member)),
    ],
    notes: reviewed.members
      .filter(({ name }) => !present.has(name))
      .map(({ name }) => `member ${name} has left the fleet since the review`),
  };
}

function notReviewed(
  reviewed: PlannedMember | undefined,
  { name, group, cluster }: PlannedMember,
): readonly string[] {
  if (reviewed === undefined) {
    return [`member ${name}${group === "" ? "" : ` of group ${group}`} joined after the review`];
  }
  if (reviewed.cluster !== cluster) return [`member ${name} is another cluster than was reviewed`];
  return reviewed.group === group
    ? []
    : [`member ${name} moved from group ${reviewed.group} to ${group} after the review`];
}

function whatOf({ upgradeType, kubernetesVersion, nodeImageSelection }: UpdateRunSpec) {
  const { type, customNodeImageVersions } = nodeImageSelection;
  return {
    upgradeType,
    ...(kubernetesVersion !== undefined && { kubernetesVersion }),
    nodeImageSelection: {
      type,
      ...(customNodeImageVersions && {
        customNodeImageVersions: customNodeImageVersions.toSorted(),
      }),
    },
  };
}

function clusterDigest(id: ArmId): string {
  return digest(armKey(id)).slice(0, CLUSTER_CHARACTERS);
}

function sorted(members: readonly PlannedMember[]): readonly PlannedMember[] {
  return members.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
