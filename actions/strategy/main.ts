import { composeAzure } from "../runner/azure.ts";
import { readDeclared, workspaceFolder } from "../runner/declared.ts";
import { readIdentity } from "../runner/identity.ts";
import { choice, flag, optionalText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { FAIL_ON } from "./report-findings.ts";
import { OPERATIONS, strategy } from "./strategy.ts";

runAction((runner) => {
  const identity = readIdentity();
  const inputs = {
    operation: choice("operation", OPERATIONS),
    environment: optionalText("environment"),
    failOn: choice("fail-on", FAIL_ON),
    live: flag("live"),
    deleteUndeclared: flag("delete-undeclared"),
    subscriptionId: identity.subscriptionId,
  };
  const workspace = workspaceFolder(process.env);
  const azure = composeAzure(process.env, identity);
  return strategy(inputs, { ...azure, runner, readDeclared: () => readDeclared(workspace) });
});
