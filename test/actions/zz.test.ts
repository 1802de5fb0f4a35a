import { test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import { files, OPERATOR, scenario, SUBJECT } from "./harbour.ts";
test("x", async () => {
  const emulator = await startTestEmulator({ scenario, clock: 5_000 });
  const nowhere = await createJob({files, azure: emulator, clientId: OPERATOR, subject: SUBJECT, env: { AZURE_RESOURCE_MANAGER_ENDPOINT: "https://127.0.0.1:9", AZURE_LOG_LEVEL: "verbose" } });
  const t=Date.now();
  const step = await nowhere.start("strategy", { operation: "apply" }, (line) => console.log(Date.now()-t, line.slice(0,300)));
  setTimeout(() => step.kill("SIGKILL"), 100000);
  console.log(await step.finished);
  await emulator.close();
}, 120000);
