import type { ArmId } from "../../shared/core/arm-id.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import { parseRunName } from "../../shared/declaration/strategy.ts";
import { readImages, type ImageRecord } from "../../shared/promotion/lookout.ts";
import { readQuarantine } from "../../shared/quarantine/flag.ts";
import type { QuarantinedNode } from "../../shared/quarantine/record.ts";
import { ledgerPartition, readLedger } from "../../shared/update-run/ledger.ts";
import type { App } from "./compose.ts";
import { currentDeclarations } from "./look.ts";
import { runStatus, type RunStatus } from "./run-status.ts";

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
  readonly kubernetesVersion: string | undefined;
  readonly nodeImages: Readonly<Record<string, string>>;
  readonly runs: readonly RunStatus[];
  readonly quarantined: readonly (QuarantinedNode & {
    readonly cause: string;
    readonly issue: number | undefined;
    readonly issueUrl: string | undefined;
  })[];
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
          kubernetesVersion: release?.spec.kubernetesVersion,
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
  return records.flatMap(({ value: { nodes, cause, issue, issueUrl } }) =>
    nodes.map((node) => ({ ...node, cause, issue, issueUrl })),
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
