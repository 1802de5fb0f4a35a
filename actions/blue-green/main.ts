import { HOUR } from "../../shared/core/duration.ts";
import { composeAzure } from "../runner/azure.ts";
import { readDrainConsent } from "../runner/drain-inputs.ts";
import { readIdentity } from "../runner/identity.ts";
import * as read from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { SNAPSHOTS } from "../runner/snapshot-source.ts";
import { readWaiting } from "../runner/waiting.ts";
import { blueGreen } from "./blue-green.ts";
import { OPERATIONS } from "./request.ts";

runAction((runner) => {
  const identity = readIdentity();
  const waiting = readWaiting();
  const inputs = {
    operation: read.choice("operation", OPERATIONS),
    clusterId: read.optionalText("cluster-id"),
    resourceGroup: read.optionalText("resource-group"),
    clusterName: read.optionalText("cluster-name"),
    subscriptionId: identity.subscriptionId,
    nodePool: read.requiredText("node-pool"),
    greenNodePool: read.optionalText("green-node-pool"),
    snapshotId: read.optionalText("snapshot-id"),
    snapshot: read.optionalChoice("snapshot", SNAPSHOTS),
    environment: read.optionalText("environment"),
    kubernetesVersion: read.optionalText("kubernetes-version"),
    drain: {
      ...readDrainConsent(),
      batchSize: read.optionalCount("batch-size", { min: 1, max: 100 }) ?? 1,
      paceMilliseconds: read.duration("pace", { min: 0, max: 24 * HOUR }),
      gracePeriodSeconds: read.optionalCount("grace-period", { min: 0, max: 86_400 }),
    },
  };
  const { pollIntervalMilliseconds } = waiting;
  const role = "Fleetwright repairer";
  const azure = composeAzure(process.env, identity, { role, pollIntervalMilliseconds });
  return blueGreen(inputs, { ...azure, ...waiting, runner });
});
