import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted, markdownTable } from "../../shared/core/markdown.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import { isOneByOne, resolveStages, strategyNamed } from "../../shared/declaration/strategy.ts";
import { readClusters } from "../../shared/snapshot/fleet-clusters.ts";
import type { ClusterInventory } from "../../shared/snapshot/ports.ts";
import { memberDrift, strategyDrift } from "../../shared/update-run/drift.ts";
import type { Drift } from "../../shared/update-run/drift.ts";
import { poolDrift } from "../../shared/update-run/pool-drift.ts";
import type { FleetMember, FleetPort } from "../../shared/update-run/ports.ts";
import type { Report } from "../runner/report.ts";
import type { FailOn } from "./report-findings.ts";
import { placeOf } from "./places.ts";
import type { Place } from "./places.ts";
import { environmentsOfFleet, strategiesOf, strategiesOfFleet } from "./scope.ts";

export interface PlacedDrift extends Drift, Place {
  readonly environment: string;
}

interface DiffDeps {
  readonly fleet: FleetPort;
  readonly inventory: ClusterInventory;
}

/** What Azure has beside what an environment declares; reads only. */
export async function diffEnvironment(
  environment: Environment,
  declarations: Declarations,
  { fleet, inventory }: DiffDeps,
): Promise<readonly PlacedDrift[]> {
  const members = await fleet.listMembers(environment.fleet);
  const stored = await fleet.listStrategies(environment.fleet);
  const drifts = [
    ...strategyDrift(
      strategiesOf(environment, declarations),
      stored.filter(({ name }) => !isDeclaredElsewhere(name, environment, declarations)),
    ),
    // "fleet": the groups are owned elsewhere.
    ...(environment.members === "fleet"
      ? []
      : memberDrift(
          environment.members,
          withoutOthers(members, environment, declarations),
          members,
        )),
    ...(await poolsOf(environment, declarations, members, inventory)),
  ];
  return drifts.map((drift) => ({
    ...drift,
    environment: environment.name,
    ...placeOf(drift, environment, declarations),
  }));
}

/** A shared fleet holds what its other environments declare; what nobody declares is told once. */
function isDeclaredElsewhere(
  name: string,
  environment: Environment,
  declarations: Declarations,
): boolean {
  if (strategiesOf(environment, declarations).some((own) => own.name === name)) return false;
  const isFirst = environmentsOfFleet(environment.fleet, declarations)[0] === environment;
  const all = strategiesOfFleet(environment.fleet, declarations);
  return !isFirst || all.some((other) => other.name === name);
}

function withoutOthers(
  members: readonly FleetMember[],
  environment: Environment,
  declarations: Declarations,
): readonly FleetMember[] {
  const others = environmentsOfFleet(environment.fleet, declarations)
    .filter((other) => other !== environment)
    .flatMap((other) => (other.members === "fleet" ? [] : other.members));
  return members.filter(({ name }) => !others.some((other) => other.name === name));
}

async function poolsOf(
  environment: Environment,
  declarations: Declarations,
  members: readonly FleetMember[],
  inventory: ClusterInventory,
): Promise<readonly Drift[]> {
  const release = declarations.releases.find(
    ({ value }) => value.metadata.name === environment.name,
  )?.value;
  const strategy = strategyNamed(declarations.strategies, release?.spec.strategy.name);
  if (release === undefined || strategy === undefined) return [];
  const stages = resolveStages(strategy, environment.groups);
  const groups = new Set(stages.flatMap((stage) => stage.groups.map(({ name }) => name)));
  const reached = members.filter(
    ({ group }) => isOneByOne(strategy) || (group !== undefined && groups.has(group)),
  );
  const ids = reached.map(({ clusterId }) => clusterId);
  return poolDrift(release, await readClusters(inventory, ids));
}

/** Rows of the table, and of the JSON output: a job's outputs share 1 MB. */
const MAX_ROWS = 500;

export function reportDiff(drifts: readonly PlacedDrift[], failOn: FailOn): Report {
  const rows = drifts
    .slice(0, MAX_ROWS)
    .map(({ environment, kind, subject, detail, file, line }) => [
      environment,
      kind,
      `${subject} ${detail}`,
      `${file}:${line}`,
    ]);
  const rest = drifts.length - rows.length;
  const told =
    drifts.length === 0 ? "Azure is as declared." : `**${counted(drifts.length, "difference")}.**`;
  return {
    outputs: {
      changed: "false",
      differences: String(drifts.length),
      drift: JSON.stringify(drifts.slice(0, MAX_ROWS)),
    },
    annotations: drifts.map(({ kind, subject, detail, file, line, column }) => ({
      kind: "warning",
      title: kind,
      message: `${subject} ${detail}`,
      file,
      line,
      column,
    })),
    summary: [
      "## Declared against live",
      told,
      ...(rows.length > 0 ? [markdownTable(["Environment", "", "What", "Declared in"], rows)] : []),
      ...(rest > 0 ? [`${rest} more.`] : []),
    ].join("\n\n"),
    ...(failOn === "warning" &&
      drifts.length > 0 && {
        failure: new FleetwrightError(
          "conflict",
          `Azure is not as declared: ${counted(drifts.length, "difference")}`,
          {
            remedy:
              "see the annotations; strategy apply brings strategies and groups, an update run the rest",
          },
        ),
      }),
  };
}
