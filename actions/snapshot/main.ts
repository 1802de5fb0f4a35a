import { composeAzure } from "../runner/azure.ts";
import { readDeclared, workspaceFolder } from "../runner/declared.ts";
import { readIdentity } from "../runner/identity.ts";
import { choice, list, optionalText, requiredText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { KINDS, OPERATIONS, snapshot } from "./snapshot.ts";

runAction((runner) => {
  const identity = readIdentity();
  const inputs = {
    operation: choice("operation", OPERATIONS),
    environment: requiredText("environment"),
    kind: choice("kind", KINDS),
    release: optionalText("release"),
    nodePools: list("node-pools"),
    subscriptionId: identity.subscriptionId,
  };
  const workspace = workspaceFolder(process.env);
  const azure = composeAzure(process.env, identity);
  return snapshot(inputs, { ...azure, runner, readDeclared: () => readDeclared(workspace) });
});
