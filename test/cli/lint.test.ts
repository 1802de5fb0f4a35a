import { spawnSync } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const CLI = resolve("dist/cli/fleetwright.js");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-lint-"));
  await cp("examples/harbour", folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function lint(...args: readonly string[]) {
  return spawnSync(process.execPath, [CLI, "lint", ...args], { encoding: "utf8" });
}

test("the example has no finding", () => {
  expect(lint(folder)).toMatchObject({ status: 0, stdout: "0 errors, 0 warnings\n" });
});

test("a bad strategy is told with file, line, column, code and remedy", async () => {
  await writeFile(
    join(folder, "strategies", "bad.json"),
    '{"stages": [\n  {"name": "one", "groups": [{"name": "a"}]},\n  {"name": "two", "groups": [{"name": "a"}], "afterStageWaitInSecond": 1}\n]}\n',
  );
  const { status, stdout } = lint(folder);
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /^strategies\/bad\.json:3:\d+ error unknown-field .*afterStageWaitInSeconds/m,
  );
  const [first] = JSON.parse(lint(folder, "--json").stdout) as readonly { code: string }[];
  expect(first?.code).toBe("unknown-field");
});

test("a folder without any declared file is an error, not a pass", async () => {
  expect(lint(join(folder, ".github"))).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("error nothing-declared"),
  });
});

test("a folder that is not there, and a flag that is not known, are told", () => {
  expect(lint(join(folder, "nowhere"))).toMatchObject({ status: 1 });
  expect(lint("--jsn")).toMatchObject({ status: 2 });
});
