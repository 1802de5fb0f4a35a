import { setTimeout } from "node:timers/promises";
import { composeAzure } from "../runner/azure.ts";
import { readDeclared, workspaceFolder } from "../runner/declared.ts";
import { readIdentity } from "../runner/identity.ts";
import { optionalText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { readJob, readReviewedHead } from "./job.ts";
import { openRecords } from "./records.ts";
import { readRequest } from "./request.ts";
import { updateRun } from "./update-run.ts";

runAction((runner) => {
  const { env } = process;
  const identity = readIdentity();
  const inputs = { ...readRequest(), subscriptionId: identity.subscriptionId };
  const workspace = workspaceFolder(env);
  return updateRun(inputs, {
    ...composeAzure(env, identity),
    runner,
    job: readJob(env),
    records: openRecords(env, optionalText("github-token")),
    readDeclared: () => readDeclared(workspace),
    readReviewedHead: () => readReviewedHead(env),
    sleep: async (milliseconds) => void (await setTimeout(milliseconds)),
    elapsed: () => performance.now(),
  });
});
