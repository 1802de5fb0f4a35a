import { setSecret } from "@actions/core";
import type { TokenCredential } from "@azure/identity";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import { createClusterInventory } from "../../shared/azure/clusters.ts";
import { azureCredential } from "../../shared/azure/credential.ts";
import { armEndpoint } from "../../shared/azure/environment.ts";
import { createFleetPort } from "../../shared/azure/fleet.ts";
import { createNodeReader } from "../../shared/azure/kubernetes.ts";
import { createSnapshotPort } from "../../shared/azure/snapshots.ts";
import { SECOND } from "../../shared/core/duration.ts";
import type { NodeReader } from "../../shared/quarantine/ports.ts";
import type { ClusterInventory, SnapshotPort } from "../../shared/snapshot/ports.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import type { IdentityInputs } from "./identity.ts";

/** A cluster that does not answer by then counts as unseen. */
const NODE_READ_TIMEOUT = 20 * SECOND;

export interface Azure {
  readonly fleet: FleetPort;
  readonly inventory: ClusterInventory;
  readonly snapshots: SnapshotPort;
  readonly nodes: NodeReader;
  /** Azure's time. */
  now(): number;
}

/** Everything that a step may ask of Azure; nothing is asked, and nobody signs in, before it is used. */
export function composeAzure(env: NodeJS.ProcessEnv, identity: IdentityInputs): Azure {
  const credential = masked(
    azureCredential(env, {
      ...(identity.clientId !== undefined && { clientId: identity.clientId }),
      ...(identity.tenantId !== undefined && { tenantId: identity.tenantId }),
    }),
  );
  const arm = createArmClient({ endpoint: armEndpoint(env), credential });
  return {
    fleet: createFleetPort(arm),
    inventory: createClusterInventory(arm),
    snapshots: createSnapshotPort(arm),
    nodes: createNodeReader({ arm, credential, timeoutMs: NODE_READ_TIMEOUT }),
    now: () => arm.clock.now(),
  };
}

/** Tokens are never printed; should a library do it, the runner shows stars. */
function masked(credential: TokenCredential): TokenCredential {
  const known = new Set<string>();
  return {
    async getToken(scopes, options) {
      const token = await credential.getToken(scopes, options);
      if (token !== null && !known.has(token.token)) {
        known.add(token.token);
        setSecret(token.token);
      }
      return token;
    },
  };
}
