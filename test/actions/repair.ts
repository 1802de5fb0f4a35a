import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StepResult } from "../../cli/tour/runner.ts";
import type { Scenario } from "../../emulator/scenario.ts";
import type { Cluster } from "../../shared/simulator/model.ts";
import type { TestEmulator } from "../support/emulator.ts";
import type { Job } from "../support/job.ts";
import { FAMILY, files, GROUP, NEW, OLD, SUBJECT, SUBSCRIPTION } from "./harbour.ts";

export { files, SUBJECT };
export const OLD_IMAGE = `${FAMILY}-${OLD}`;
export const NEW_IMAGE = `${FAMILY}-${NEW}`;
export const REPAIRER = "99999999-0000-0000-0000-000000000003";
export const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/quay-1`;
/** Emulated hours pass in seconds; looks are as frequent as an input allows. */
export const FAST = { "poll-interval": "1s" };

interface Role {
  readonly Actions: readonly string[];
  readonly DataActions: readonly string[];
}

/** Exactly what the shipped role grants. */
function repairer(): string[] {
  const path = join(import.meta.dirname, "../../infra/roles/repairer.json");
  const { Actions, DataActions } = JSON.parse(readFileSync(path, "utf8")) as Role;
  return [...Actions, ...DataActions];
}

type ScenarioCluster = NonNullable<Scenario["clusters"]>[number];

/** One cluster in one fleet, and the identity that repairs it; `without` leaves one permission out. */
export function repairScenario(
  cluster: Partial<ScenarioCluster> & Pick<ScenarioCluster, "pools">,
  without?: string,
): Scenario {
  return {
    subscription: SUBSCRIPTION,
    start: "2026-07-10T08:00:00Z",
    images: [OLD, NEW].map((version) => ({
      region: "westeurope",
      version: `${FAMILY}-${version}`,
    })),
    kubernetesVersions: ["1.32.9", "1.33.5"],
    clusters: [
      {
        name: "quay-1",
        resourceGroup: "harbour",
        location: "westeurope",
        kubernetesVersion: "1.33.5",
        ...cluster,
      },
    ],
    fleets: [
      {
        name: "harbour",
        resourceGroup: "harbour",
        location: "westeurope",
        members: [{ name: "quay-1", cluster: "quay-1", group: "canary" }],
      },
    ],
    principals: [
      {
        name: "repairer",
        clientId: REPAIRER,
        federated: [{ subject: SUBJECT }],
        roles: [
          {
            actions: repairer().filter((action) => action !== without),
            scope: `/subscriptions/${SUBSCRIPTION}`,
          },
        ],
      },
    ],
  };
}

interface AuditEntry {
  readonly service: string;
  readonly operation: string;
  readonly write: boolean;
}

/** Writes that reached Azure or a cluster so far, signing in apart. */
export async function writesOf(emulator: TestEmulator): Promise<readonly string[]> {
  const { entries } = (await emulator.control("GET", "/audit")) as {
    readonly entries: readonly AuditEntry[];
  };
  return entries
    .filter(({ service }) => service === "arm" || service === "kubernetes")
    .map(({ operation }) => operation)
    .filter((operation) => !operation.includes("Credential"));
}

/** The scenario's only cluster, as it really is. */
export function worldOf(emulator: TestEmulator): Cluster {
  const cluster = [...emulator.environment.world.clusters.values()][0];
  if (cluster === undefined) throw new Error("the scenario has no cluster");
  return cluster;
}

/** More calls than any step sends: a step that is never done would be killed for ever. */
const MAX_KILLS = 60;
const KILLED = 137;

interface Killing {
  readonly action: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** Kills at a step's first write, or at the first call of the first try, the second of the second, and so on. */
  readonly at: "first-write" | "each-call-in-turn";
}

/**
 * Kills a step the moment that a call of it reaches Azure or a cluster, which is carried out and never
 * answered, and runs it again, until it comes to its end by itself.
 */
export async function killedOnItsWay(
  emulator: TestEmulator,
  job: Job,
  { action, inputs, at }: Killing,
): Promise<{ readonly result: StepResult; readonly kills: number }> {
  for (let kills = 0; kills < MAX_KILLS; kills++) {
    let calls = 0;
    const step = await job.start(action, inputs, () => {});
    const stopListening = onCall(emulator, ({ write }) => {
      calls++;
      if (at === "first-write" ? write : calls > kills) step.kill("SIGKILL");
    });
    const result = await step.finished;
    stopListening();
    if (result.exitCode !== KILLED) return { result, kills };
  }
  throw new Error(`${action} was killed ${MAX_KILLS} times and is not done`);
}

/** Hears of each call to ARM or to a cluster before it is answered. */
function onCall(
  { environment: { audit } }: TestEmulator,
  hear: (entry: Pick<AuditEntry, "write">) => void,
): () => void {
  const record = audit.record.bind(audit);
  audit.record = (entry) => {
    const counts = entry.service === "arm" || entry.service === "kubernetes";
    if (counts && !entry.operation.includes("Credential")) hear(entry);
    record(entry);
  };
  return () => {
    audit.record = record;
  };
}
