import { createArmClient, type ArmClient } from "../shared/azure/arm-client.ts";
import { createClusterInventory } from "../shared/azure/clusters.ts";
import { azureCredential } from "../shared/azure/credential.ts";
import { armEndpoint } from "../shared/azure/environment.ts";
import { createFleetPort } from "../shared/azure/fleet.ts";
import { createNodeReader } from "../shared/azure/kubernetes.ts";
import type { NodeReader } from "../shared/quarantine/ports.ts";
import type { ClusterInventory } from "../shared/snapshot/ports.ts";
import type { FleetPort } from "../shared/update-run/ports.ts";

/** The cloud of the person at the terminal: signed in with the Azure CLI, or as the job or identity around us. */
export interface Azure {
  readonly arm: ArmClient;
  readonly credential: ReturnType<typeof azureCredential>;
  readonly fleets: FleetPort;
  readonly inventory: ClusterInventory;
  readonly nodes: NodeReader;
}

/** A person waits for the answer: one retry, then it is told. */
const MAX_RETRIES = 1;
const KUBERNETES_TIMEOUT_MILLISECONDS = 10_000;

export function connectAzure(
  env: Readonly<Record<string, string | undefined>>,
  role: string,
): Azure {
  const credential = azureCredential(env);
  const endpoint = armEndpoint(env);
  const arm = createArmClient({ endpoint, credential, role, maxRetries: MAX_RETRIES });
  return {
    arm,
    credential,
    fleets: createFleetPort(arm),
    inventory: createClusterInventory(arm),
    nodes: createNodeReader({ arm, credential, timeoutMs: KUBERNETES_TIMEOUT_MILLISECONDS }),
  };
}
