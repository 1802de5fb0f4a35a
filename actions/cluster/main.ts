import { setSecret } from "@actions/core";
import { composeAzure } from "../runner/azure.ts";
import { clusterTarget } from "../runner/cluster-target.ts";
import { workspaceFolder } from "../runner/workspace.ts";
import { readIdentity } from "../runner/identity.ts";
import { choice, optionalChoice, optionalText, requiredText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { SNAPSHOTS } from "../runner/snapshot-source.ts";
import { readWaiting } from "../runner/waiting.ts";
import { cluster } from "./cluster.ts";
import { OPERATIONS, VERIFY } from "./inputs.ts";
import { readDefinition } from "./read-definition.ts";
import { checkedPublicKey } from "./ssh-key.ts";

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
    definition: requiredText("definition"),
    source: {
      snapshotId: optionalText("snapshot-id"),
      snapshot: optionalChoice("snapshot", SNAPSHOTS),
      environment: optionalText("environment"),
    },
    sshPublicKey: checkedPublicKey(optionalText("ssh-public-key"), setSecret),
    verify: choice("verify", VERIFY),
  };
  const waiting = readWaiting();
  const azure = composeAzure(process.env, identity, waiting);
  const read = () => readDefinition(workspaceFolder(process.env), inputs.definition);
  return cluster(inputs, { ...azure, runner, waiting, readDefinition: read });
});
