import { composeAzure } from "../runner/azure.ts";
import { readIdentity } from "../runner/identity.ts";
import * as read from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { SNAPSHOTS } from "../runner/snapshot-source.ts";
import { readWaiting } from "../runner/waiting.ts";
import { blueGreen } from "./blue-green.ts";
import { readDrain } from "./drain.ts";
import { OPERATIONS } from "./request.ts";
import { readValidation } from "./validation.ts";

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
    drain: readDrain(),
  };
  const validate = readValidation(process.env, runner.log);
  const { pollIntervalMilliseconds } = waiting;
  const role = "Fleetwright repairer";
  const azure = composeAzure(process.env, identity, { role, pollIntervalMilliseconds });
  return blueGreen(inputs, { ...azure, ...waiting, runner, validate });
});
