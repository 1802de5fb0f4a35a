import { parseNodeImage } from "../../shared/core/node-image.ts";
import { readStatus, type StatusDocument } from "./status.ts";
import { ENVIRONMENTS, NEW_IMAGE, type EnvironmentName, type Tour } from "./stage-set.ts";

/** Facts of a tour, read back from the local Azure, GitHub and storage. Times are ISO 8601, virtual. */
export interface Report {
  readonly ok: boolean;
  /** What is not as it should be; empty when ok. */
  readonly problems: readonly string[];
  readonly startedAt: string;
  readonly endedAt: string;
  readonly snapshots: readonly SnapshotFact[];
  readonly pullRequests: readonly PullRequestFact[];
  readonly runs: readonly RunFact[];
  readonly quarantined: readonly QuarantinedFact[];
  readonly strategies: readonly { readonly name: string; readonly stages: readonly string[] }[];
  readonly events: {
    readonly published: number;
    readonly delivered: number;
    readonly retried: number;
  };
  /** Requests to Azure Resource Manager, by everybody in the tour. */
  /** Why the run that nobody reviewed was refused. */
  readonly refused: string;
  readonly azureCalls: {
    readonly total: number;
    readonly byOperation: Readonly<Record<string, number>>;
  };
}

export interface SnapshotFact {
  readonly id: string;
  readonly kind: "outgoing" | "proven";
  readonly nodeImageVersion: string;
  readonly sourcePool: string;
  readonly createdAt: string;
}

export interface PullRequestFact {
  readonly number: number;
  readonly title: string;
  readonly state: string;
  readonly changes: readonly { readonly file: string; readonly patch: string }[];
}

export interface RunFact {
  readonly name: string;
  readonly environment: string;
  readonly state: string;
  /** How often it was started. */
  readonly attempts: number;
  readonly stages: readonly StageFact[];
}

export interface StageFact {
  readonly name: string;
  readonly state: string;
  readonly startTime: string | undefined;
  readonly completedTime: string | undefined;
  readonly waitedUntil: string | undefined;
  readonly gates: readonly {
    readonly displayName: string;
    readonly state: string;
    readonly approvedAt: string | undefined;
    readonly approvedBy: string | undefined;
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly members: readonly {
      readonly name: string;
      readonly state: string;
      readonly startTime: string | undefined;
      readonly completedTime: string | undefined;
      readonly nodesUpgraded: number;
    }[];
  }[];
}

export interface QuarantinedFact {
  readonly cluster: string;
  readonly nodePool: string;
  readonly node: string;
  readonly pod: string | undefined;
  readonly pdb: string | undefined;
  readonly issue: { readonly number: number; readonly state: string } | undefined;
  readonly resolvedAt: string | undefined;
}

const FLEET_VERSION = "2026-06-01";
const AKS_VERSION = "2026-04-01";

export async function collectReport(tour: Tour, refused: string): Promise<Report> {
  const { azure } = tour;
  const [status, audit, clock] = [
    await readStatus(tour),
    await azure.control<Audit>("GET", "/audit"),
    await azure.control<{ now: string }>("GET", "/clock"),
  ];
  const facts = {
    startedAt: (await readHistory(tour))[0]?.at ?? clock.now,
    endedAt: clock.now,
    snapshots: await collectSnapshots(tour),
    pullRequests: await collectPullRequests(tour),
    runs: await collectRuns(tour, audit),
    quarantined: await collectQuarantined(tour, status),
    strategies: await collectStrategies(tour),
    events: await collectEvents(tour),
    refused,
    azureCalls: audit.calls.byService["arm"] ?? { total: 0, byOperation: {} },
  };
  const problems = findProblems(facts);
  return { ok: problems.length === 0, problems, ...facts };
}

interface Audit {
  readonly entries: readonly {
    readonly at: string;
    readonly method: string;
    readonly path: string;
    readonly operation: string;
    readonly principal?: string;
    readonly status: number;
  }[];
  readonly calls: { readonly byService: Readonly<Record<string, Report["azureCalls"]>> };
}

/** What makes the tour a success; each line is a promise of the README. */
function findProblems(facts: Omit<Report, "ok" | "problems">): readonly string[] {
  const { runs, quarantined, snapshots, pullRequests } = facts;
  const proven = snapshots.filter(({ kind }) => kind === "proven");
  const told = runs.map(
    ({ environment, state, attempts }) => `${environment} ${state} ${attempts}`,
  );
  const checks: readonly (readonly [holds: boolean, problem: string])[] = [
    [
      // The last one found every member at its target: Fleet calls such a run Skipped.
      told.join(", ") === "dev Completed 1, prod Completed 2, prod Skipped 1",
      `the runs and how often they were started: ${told.join(", ") || "none"}`,
    ],
    [
      pullRequests.length === 4 && pullRequests.every(({ state }) => state === "merged"),
      `there are ${pullRequests.length} pull requests, not four that were merged`,
    ],
    [facts.refused === "not-reviewed", `the unreviewed run ended with "${facts.refused}"`],
    [quarantined.length > 0, "no node was quarantined"],
    [
      quarantined.every(({ issue, resolvedAt }) => issue?.state === "closed" && resolvedAt),
      "a quarantined node has no closed issue",
    ],
    [
      proven.length > 0 && proven.length === snapshots.length - proven.length,
      "not every pool has both an outgoing and a proven snapshot",
    ],
    [runs.every(gatesHeld), "a stage began before the gate and the wait before it were over"],
    [
      runs.every(({ stages }) => membersOf(stages).every(({ nodesUpgraded }) => nodesUpgraded > 0)),
      "a member has no upgraded node",
    ],
    [
      proven.every((one) => parseNodeImage(one.nodeImageVersion).version === NEW_IMAGE),
      "a proven snapshot is not of the pinned image",
    ],
  ];
  return checks.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

function membersOf(stages: readonly StageFact[]) {
  return stages.flatMap(({ groups }) => groups.flatMap(({ members }) => members));
}

/** Did each stage begin only after the gates and the wait of the stage before it? */
function gatesHeld({ state, stages }: RunFact): boolean {
  if (state === "Skipped") return true;
  return stages.every((stage, index) => {
    const before = stages[index - 1];
    if (!before) return true;
    const barriers = [before.waitedUntil, ...before.gates.map(({ approvedAt }) => approvedAt)];
    const begun = Date.parse(stage.startTime ?? "");
    return barriers.every((time) => time === undefined || Date.parse(time) <= begun);
  });
}

async function collectSnapshots({ azure }: Tour): Promise<readonly SnapshotFact[]> {
  const list = await azure.arm<{ value: readonly SnapshotBody[] }>(
    "GET",
    `/subscriptions/${azure.emulator.subscription}/providers/Microsoft.ContainerService/snapshots?api-version=${AKS_VERSION}`,
  );
  return list.value
    .map((snapshot): SnapshotFact => ({
      id: snapshot.id,
      kind: snapshot.tags?.["fleetwright-kind"] === "proven" ? "proven" : "outgoing",
      nodeImageVersion: snapshot.properties.nodeImageVersion,
      sourcePool: snapshot.properties.creationData.sourceResourceId,
      createdAt: snapshot.systemData.createdAt,
    }))
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
}

interface SnapshotBody {
  readonly id: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties: {
    readonly nodeImageVersion: string;
    readonly creationData: { readonly sourceResourceId: string };
  };
  readonly systemData: { readonly createdAt: string };
}

async function collectPullRequests({ repository }: Tour): Promise<readonly PullRequestFact[]> {
  const pulls = await repository.get<
    readonly { number: number; title: string; state: string; merged_at: string | null }[]
  >("/pulls?state=all&per_page=100");
  return Promise.all(
    pulls.map(async (pull): Promise<PullRequestFact> => {
      const files = await repository.get<readonly { filename: string; patch?: string }[]>(
        `/pulls/${pull.number}/files`,
      );
      return {
        number: pull.number,
        title: pull.title,
        state: pull.merged_at ? "merged" : pull.state,
        changes: files.map(({ filename, patch }) => ({ file: filename, patch: patch ?? "" })),
      };
    }),
  );
}

async function collectStrategies(tour: Tour): Promise<Report["strategies"]> {
  const list = await tour.azure.arm<{
    value: readonly { name: string; properties: { strategy: { stages: { name: string }[] } } }[];
  }>("GET", `${tour.fleetIds.prod}/updateStrategies?api-version=${FLEET_VERSION}`);
  return list.value.map(({ name, properties }) => ({
    name,
    stages: properties.strategy.stages.map((stage) => stage.name),
  }));
}

interface StatusBody {
  readonly state: string;
  readonly startTime?: string;
  readonly completedTime?: string;
}

interface RunBody {
  readonly name: string;
  readonly properties: {
    readonly status: {
      readonly status: StatusBody;
      readonly stages: readonly {
        readonly name: string;
        readonly status: StatusBody;
        readonly afterStageWaitStatus?: { readonly status: StatusBody };
        readonly afterGates?: readonly GateBody[];
        readonly beforeGates?: readonly GateBody[];
        readonly groups: readonly {
          readonly name: string;
          readonly members?: readonly {
            readonly name: string;
            readonly clusterResourceId: string;
            readonly status: StatusBody;
          }[];
        }[];
      }[];
    };
  };
}

interface GateBody {
  readonly displayName: string;
  readonly gateId?: string;
  readonly status: StatusBody;
}

/** The runs of dev, then those of prod, in the order of their generations. */
async function collectRuns(tour: Tour, audit: Audit): Promise<readonly RunFact[]> {
  const facts: RunFact[] = [];
  for (const environment of ENVIRONMENTS) {
    const runs = await collectRunsOf(tour, environment, audit);
    facts.push(...runs.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })));
  }
  return facts;
}

async function collectRunsOf(
  tour: Tour,
  environment: EnvironmentName,
  audit: Audit,
): Promise<readonly RunFact[]> {
  const list = await tour.azure.arm<{ value: readonly RunBody[] }>(
    "GET",
    `${tour.fleetIds[environment]}/updateRuns?api-version=${FLEET_VERSION}`,
  );
  const upgraded = await countUpgrades(tour);
  return list.value.map((run) => ({
    name: run.name,
    environment,
    state: run.properties.status.status.state,
    attempts: audit.entries.filter(
      ({ method, path, status }) =>
        method === "POST" &&
        status < 300 &&
        path.toLowerCase().endsWith(`/updateruns/${run.name}/start`),
    ).length,
    stages: run.properties.status.stages.map((stage) => ({
      name: stage.name,
      state: stage.status.state,
      startTime: stage.status.startTime,
      completedTime: stage.status.completedTime,
      waitedUntil: stage.afterStageWaitStatus?.status.completedTime,
      gates: [...(stage.beforeGates ?? []), ...(stage.afterGates ?? [])].map((gate) =>
        gateFact(gate, audit),
      ),
      groups: stage.groups.map((group) => ({
        name: group.name,
        members: (group.members ?? []).map((member) => ({
          name: member.name,
          state: member.status.state,
          startTime: member.status.startTime,
          completedTime: member.status.completedTime,
          nodesUpgraded: upgraded.get(member.clusterResourceId.toLowerCase()) ?? 0,
        })),
      })),
    })),
  }));
}

/** Who completed a gate, and when, as the audit log of the local Azure has it. */
function gateFact(gate: GateBody, audit: Audit): StageFact["gates"][number] {
  const name = gate.gateId?.split("/").at(-1)?.toLowerCase();
  const approval = audit.entries.find(
    ({ method, path, status }) =>
      name !== undefined &&
      method === "PATCH" &&
      status < 300 &&
      path.toLowerCase().endsWith(`/gates/${name}`),
  );
  return {
    displayName: gate.displayName,
    state: gate.status.state,
    approvedAt: approval?.at,
    approvedBy: approval?.principal,
  };
}

export interface HistoryEntry {
  readonly at: string;
  readonly kind: string;
  readonly cluster?: string;
  readonly pool?: string;
  readonly node?: string;
  readonly change?: string;
  readonly run?: string;
  readonly scope?: string;
  readonly name?: string;
  readonly state?: string;
  readonly gate?: string;
}

export async function readHistory(tour: Tour): Promise<readonly HistoryEntry[]> {
  const history = await tour.azure.control<{ transitions: readonly HistoryEntry[] }>(
    "GET",
    "/history",
  );
  return history.transitions;
}

async function countUpgrades(tour: Tour): Promise<ReadonlyMap<string, number>> {
  const nodes = new Map<string, Set<string>>();
  for (const entry of await readHistory(tour)) {
    if (entry.kind !== "node" || entry.change !== "Upgraded") continue;
    const key = (entry.cluster ?? "").toLowerCase();
    nodes.set(key, (nodes.get(key) ?? new Set()).add(entry.node ?? ""));
  }
  return new Map([...nodes].map(([cluster, names]) => [cluster, names.size]));
}

async function collectQuarantined(
  { repository }: Tour,
  status: StatusDocument,
): Promise<readonly QuarantinedFact[]> {
  const nodes = status.environments.flatMap(({ quarantined }) => quarantined);
  return Promise.all(
    nodes.map(async (node): Promise<QuarantinedFact> => {
      const issue = node.issue
        ? await repository.get<{ number: number; state: string }>(`/issues/${node.issue}`)
        : undefined;
      return {
        cluster: node.cluster.split("/").at(-1) ?? "",
        nodePool: node.nodePool,
        node: node.node,
        pod: node.pod,
        pdb: node.pdb,
        issue: issue && { number: issue.number, state: issue.state },
        resolvedAt: node.resolvedAt,
      };
    }),
  );
}

async function collectEvents({ azure }: Tour): Promise<Report["events"]> {
  const { published, delivered, retried } = await azure.control<Report["events"]>("GET", "/events");
  return { published, delivered, retried };
}
