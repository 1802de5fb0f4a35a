import { composeAzure } from "../runner/azure.ts";
import { clusterTarget } from "../runner/cluster-target.ts";
import { readIdentity } from "../runner/identity.ts";
import { choice, flag, optionalChoice, optionalText, requiredText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { SNAPSHOTS } from "../runner/snapshot-source.ts";
import { readWaiting } from "../runner/waiting.ts";
import { OPERATIONS, VERIFY } from "./inputs.ts";
import { nodePool } from "./node-pool.ts";
import { readSettings } from "./settings.ts";

runAction((runner) => {
  const identity = readIdentity();
  const inputs = {
    operation: choice("operation", OPERATIONS),
    cluster: clusterTarget({
      clusterId: optionalText("cluster-id"),
      resourceGroup: optionalText("resource-group"),
      clusterName: optionalText("cluster-name"),
      subscriptionId: identity.subscriptionId,
    }),
    nodePool: requiredText("node-pool"),
    source: {
      snapshotId: optionalText("snapshot-id"),
      snapshot: optionalChoice("snapshot", SNAPSHOTS),
      environment: optionalText("environment"),
    },
    kubernetesVersion: optionalText("kubernetes-version"),
    settings: readSettings(),
    allowOlder: flag("allow-older"),
    verify: choice("verify", VERIFY),
  };
  const waiting = readWaiting();
  const azure = composeAzure(process.env, identity, waiting);
  return nodePool(inputs, { ...azure, runner, waiting });
});
