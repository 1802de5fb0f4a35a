import { REMEDIES } from "../../shared/quarantine/remedy.ts";
import { composeAzure } from "../runner/azure.ts";
import { readDeclared, workspaceFolder } from "../runner/declared.ts";
import { readDrainConsent } from "../runner/drain-inputs.ts";
import { readIdentity } from "../runner/identity.ts";
import { choice, flag, list, optionalChoice, optionalText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { readWaiting } from "../runner/waiting.ts";
import { quarantine } from "./quarantine.ts";
import { OPERATIONS } from "./request.ts";

runAction((runner) => {
  const identity = readIdentity();
  const waiting = readWaiting();
  const inputs = {
    operation: choice("operation", OPERATIONS),
    environment: optionalText("environment"),
    clusterId: optionalText("cluster-id"),
    resourceGroup: optionalText("resource-group"),
    clusterName: optionalText("cluster-name"),
    subscriptionId: identity.subscriptionId,
    nodes: list("nodes"),
    remedy: optionalChoice("remedy", REMEDIES),
    forceOwned: flag("force-owned"),
    drain: readDrainConsent(),
  };
  const { pollIntervalMilliseconds } = waiting;
  const role = "Fleetwright repairer";
  return quarantine(inputs, {
    ...composeAzure(process.env, identity, { role, pollIntervalMilliseconds }),
    ...waiting,
    runner,
    readDeclared: () => readDeclared(workspaceFolder(process.env)),
  });
});
