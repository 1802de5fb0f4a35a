import { setTimeout } from "node:timers/promises";
import { DAY, MINUTE, SECOND } from "../../shared/core/duration.ts";
import { composeAzure } from "../runner/azure.ts";
import { readDeclared, workspaceFolder } from "../runner/declared.ts";
import { readIdentity } from "../runner/identity.ts";
import { choice, duration, optionalText, requiredText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { OPERATIONS, updateRun } from "./update-run.ts";

/** Azure's own tools look every 30 s; ten minutes is late enough for a person who watches. */
const POLL_INTERVAL = { min: SECOND, max: 10 * MINUTE };
/** A job on a runner of one's own lasts five days at most. */
const DETACH_AFTER = { min: SECOND, max: 5 * DAY };

runAction((runner) => {
  const identity = readIdentity();
  const inputs = {
    operation: choice("operation", OPERATIONS),
    environment: requiredText("environment"),
    release: optionalText("release"),
    runName: optionalText("run-name"),
    inline: choice("strategy-as", ["named", "inline"]) === "inline",
    subscriptionId: identity.subscriptionId,
    pollIntervalMilliseconds: duration("poll-interval", POLL_INTERVAL),
    detachAfterMilliseconds: duration("detach-after", DETACH_AFTER),
  };
  const workspace = workspaceFolder(process.env);
  return updateRun(inputs, {
    ...composeAzure(process.env, identity),
    runner,
    readDeclared: () => readDeclared(workspace),
    sleep: async (milliseconds) => void (await setTimeout(milliseconds)),
    elapsed: () => performance.now(),
  });
});
