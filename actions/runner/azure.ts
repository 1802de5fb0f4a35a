import { setTimeout } from "node:timers/promises";
import { setSecret } from "@actions/core";
import type { AccessToken, TokenCredential } from "@azure/identity";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import { createClusterInventory } from "../../shared/azure/clusters.ts";
import { jobCredential } from "../../shared/azure/job-credential.ts";
import { armEndpoint } from "../../shared/azure/environment.ts";
import { createFleetPort } from "../../shared/azure/fleet.ts";
import { connectClusters } from "../../shared/azure/kubernetes-connection.ts";
import { createDrainPort } from "../../shared/azure/kubernetes-drain.ts";
import { createRemedyPort } from "../../shared/azure/kubernetes-remedy.ts";
import { createNodeReader } from "../../shared/azure/kubernetes.ts";
import { createManagedClusterPort } from "../../shared/azure/managed-clusters.ts";
import { createNodePoolPort } from "../../shared/azure/node-pools.ts";
import { createPreflightPort } from "../../shared/azure/preflight.ts";
import { createQuotaPort } from "../../shared/azure/quota.ts";
import { createSnapshotPort } from "../../shared/azure/snapshots.ts";
import { LANE_PATIENCE_MS } from "../../shared/azure/throttle-lanes.ts";
import { isRenewable } from "../../shared/azure/token-renewal.ts";
import type { QuotaPort } from "../../shared/blue-green/quota.ts";
import { SECOND } from "../../shared/core/duration.ts";
import type { DrainPort } from "../../shared/drain/ports.ts";
import type { ManagedClusterPort } from "../../shared/managed-cluster/ports.ts";
import type { NodePoolPort } from "../../shared/node-pool/ports.ts";
import type { NodeReader, RemedyPort } from "../../shared/quarantine/ports.ts";
import type { ClusterInventory, SnapshotPort } from "../../shared/snapshot/ports.ts";
import type { StrategyRemover } from "../../shared/update-run/apply-strategy.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import type { PreflightPort } from "../../shared/update-run/preflight/facts.ts";
import type { IdentityInputs } from "./identity.ts";
import { log } from "./log.ts";

/** A cluster that does not answer by then counts as unseen. */
const NODE_READ_TIMEOUT = 20 * SECOND;

export interface Azure {
  readonly fleet: FleetPort & StrategyRemover;
  readonly inventory: ClusterInventory;
  readonly snapshots: SnapshotPort;
  readonly nodePools: NodePoolPort;
  readonly clusters: ManagedClusterPort;
  readonly nodes: NodeReader;
  readonly drain: DrainPort;
  readonly remedies: RemedyPort;
  readonly quotas: QuotaPort;
  readonly preflights: PreflightPort;
  /** Azure's time. */
  now(): number;
}

export interface AzureOptions {
  /** Role to name when a permission is missing; the operator's when absent. */
  readonly role?: string;
  /** Time between two looks at an operation of Azure that does not say. */
  readonly pollIntervalMilliseconds?: number;
}

/** Everything that a step may ask of Azure; nothing is asked, and nobody signs in, before it is used. */
export function composeAzure(
  env: NodeJS.ProcessEnv,
  identity: IdentityInputs,
  options: AzureOptions = {},
): Azure {
  const onSecret = hider();
  const credential = masked(
    onSecret,
    jobCredential(env, {
      onSecret,
      ...(identity.clientId !== undefined && { clientId: identity.clientId }),
      ...(identity.tenantId !== undefined && { tenantId: identity.tenantId }),
    }),
  );
  const { pollIntervalMilliseconds, role } = options;
  const arm = createArmClient({
    endpoint: armEndpoint(env),
    credential,
    lanes: {
      patienceMs: LANE_PATIENCE_MS,
      onThrottled: log,
      sleep: async (milliseconds) => void (await setTimeout(milliseconds)),
      elapsed: () => performance.now(),
    },
    ...(role !== undefined && { role }),
    ...(pollIntervalMilliseconds !== undefined && { pollIntervalMs: pollIntervalMilliseconds }),
  });
  const connection = { arm, credential, timeoutMs: NODE_READ_TIMEOUT, onSecret };
  const connect = connectClusters(connection);
  return {
    fleet: createFleetPort(arm),
    inventory: createClusterInventory(arm),
    snapshots: createSnapshotPort(arm),
    nodePools: createNodePoolPort(arm),
    clusters: createManagedClusterPort(arm),
    nodes: createNodeReader(connection, connect),
    drain: createDrainPort(connect),
    remedies: createRemedyPort(connect),
    quotas: createQuotaPort(arm),
    preflights: createPreflightPort(arm),
    now: () => arm.clock.now(),
  };
}

/** Secrets are never printed; should a library do it, the runner shows stars. */
function hider(): (secret: string) => void {
  const known = new Set<string>();
  return (secret) => {
    if (known.has(secret)) return;
    known.add(secret);
    setSecret(secret);
  };
}

function masked(hide: (secret: string) => void, credential: TokenCredential): TokenCredential {
  const hidden = <T extends AccessToken | null>(token: T): T => {
    if (token !== null) hide(token.token);
    return token;
  };
  return {
    getToken: async (scopes, options) => hidden(await credential.getToken(scopes, options)),
    ...(isRenewable(credential) && {
      renew: async (scope: string) => hidden(await credential.renew(scope)),
    }),
  };
}
