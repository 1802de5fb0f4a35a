import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

interface Ready {
  readonly functions: readonly {
    readonly name: string;
    readonly type: string;
    readonly schedule?: string;
    readonly route?: string;
  }[];
}

/** Starts the host on the built app, reads its ready line, and ends it. */
function readyLine(): Promise<Ready> {
  return new Promise((done, fail) => {
    const args = [resolve("dist/cli/fleetwright.js"), "functions", "--app", "."];
    const child = execFile(process.execPath, args, (error) => error && fail(error));
    child.stdout?.once("data", (line: string) => {
      done(JSON.parse(line) as Ready);
      child.removeAllListeners("exit");
      child.kill("SIGTERM");
    });
  });
}

test("the function app registers exactly the functions that infra/ subscribes and documents", async () => {
  const { functions } = await readyLine();
  const shown = functions
    .map(({ name, type, schedule, route }) =>
      [name, type, schedule ?? route ?? ""].join(" ").trim(),
    )
    .toSorted();
  expect(shown).toEqual([
    "detect-node-images timerTrigger 0 */10 * * * *",
    "on-fleet-gate eventGridTrigger",
    "on-kubernetes-version eventGridTrigger",
    "on-node-image-released eventGridTrigger",
    "on-node-pool-rolling eventGridTrigger",
    "status httpTrigger status",
    "sweep timerTrigger 0 * * * * *",
  ]);
});
