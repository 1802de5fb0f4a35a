import { composeAzure } from "../runner/azure.ts";
import { readDeclared, workspaceFolder } from "../runner/declared.ts";
import { readIdentity } from "../runner/identity.ts";
import {
  choice,
  flag,
  list,
  optionalChoice,
  optionalCount,
  optionalDuration,
  optionalText,
  requiredText,
} from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { KEEP_BOUNDS, KINDS, MAX_AGE_BOUNDS, OPERATIONS } from "./inputs.ts";
import { snapshot } from "./snapshot.ts";

runAction((runner) => {
  const identity = readIdentity();
  const inputs = {
    operation: choice("operation", OPERATIONS),
    environment: requiredText("environment"),
    kind: optionalChoice("kind", KINDS),
    release: optionalText("release"),
    nodePools: list("node-pools"),
    imageFamily: optionalText("image-family"),
    vmSize: optionalText("vm-size"),
    keep: optionalCount("keep", KEEP_BOUNDS),
    maxAgeMilliseconds: optionalDuration("max-age", MAX_AGE_BOUNDS),
    dryRun: flag("dry-run"),
    subscriptionId: identity.subscriptionId,
  };
  const workspace = workspaceFolder(process.env);
  const azure = composeAzure(process.env, identity);
  return snapshot(inputs, { ...azure, runner, readDeclared: () => readDeclared(workspace) });
});
