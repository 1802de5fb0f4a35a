import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fleetwright } from "./command.ts";

const COMMANDS = ["tour", "init", "doctor", "status", "lint", "emulator", "functions"];
const EXAMPLE = "examples/harbour";

test("says which version it is", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  for (const flag of ["--version", "-V"]) {
    expect(await fleetwright([flag])).toEqual({
      code: 0,
      stdout: `fleetwright ${version}\n`,
      stderr: "",
    });
  }
});

test("lists its commands to whoever asks for help, or for nothing", async () => {
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { code, stdout, stderr } = await fleetwright(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  }
});

test.each(COMMANDS)("%s explains itself, its options and its exit codes", async (command) => {
  const { code, stdout, stderr } = await fleetwright([command, "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(new RegExp(`^fleetwright ${command} `));
  expect(stdout).toContain("Exit code: 0");
  expect((await fleetwright(["help", command])).stdout).toBe(stdout);
});

test.each(COMMANDS)("%s refuses an option that it does not know, in few words", async (command) => {
  const { code, stdout, stderr } = await fleetwright([command, "--colour"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(
    new RegExp(`^fleetwright: Unknown option '--colour'\\n\\nUsage: fleetwright ${command} .*\\n`),
  );
  expect(stderr.split("\n").length).toBeLessThan(6);
});

test.each([
  ["docter", "did you mean doctor?"],
  ["stat", "did you mean status?"],
  ["itni", "did you mean init?"],
  ["LINT", "did you mean lint?"],
  ["upgrade", `there are ${COMMANDS.join(", ")}`],
  ["constructor", `there are ${COMMANDS.join(", ")}`],
])("there is no command %s: %s", async (typed, hint) => {
  const { code, stdout, stderr } = await fleetwright([typed]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(hint);
});

test.each(["doctor", "status", "lint"])("%s --json is its -o json", async (command) => {
  const short = await fleetwright([command, EXAMPLE, "--json"]);
  const long = await fleetwright([command, EXAMPLE, "-o", "json"]);
  // The time of the answer aside.
  const timeless = (text: string) => text.replace(/"at":"[^"]*"/, "");
  expect(timeless(short.stdout)).toBe(timeless(long.stdout));
  expect(short.code).toBe(long.code);
  expect(() => JSON.parse(short.stdout)).not.toThrow();
});

test("who is not signed in is told to sign in, by doctor and by status", async () => {
  const told = "nobody is signed in to Azure";
  const status = await fleetwright(["status", EXAMPLE]);
  expect(status.code).toBe(1);
  expect(status.stdout).toContain(`  ${told}: run \`az login\``);
  const doctor = await fleetwright(["doctor", EXAMPLE]);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(new RegExp(`^error +sign-in +${told}\n +→ run \`az login\``));
  expect(doctor.stdout).toMatch(/^unknown +fleet +2 fleets, .* not looked at$/m);
  expect(doctor.stdout).not.toMatch(/Credential|pin-expired/);
});

test("a fault of a declared file is told once", async () => {
  const { stdout } = await fleetwright(["doctor", "test"]);
  expect(stdout).toMatch(/^error +declarations +\S+:\d+:\d+ nothing-declared: /m);
});

test("an environment that is not declared is refused, not ignored", async () => {
  const { code, stderr } = await fleetwright(["doctor", EXAMPLE, "--environment", "test"]);
  expect(code).toBe(2);
  expect(stderr).toContain("there is no environment test: declared: dev, prod");
  const mistyped = await fleetwright(["doctor", EXAMPLE, "--environment", "prd"]);
  expect(mistyped.stderr).toContain("there is no environment prd: did you mean prod?");
});

test("a pipe that closes early ends it quietly", async () => {
  const child = spawn(process.execPath, [resolve("dist/cli/fleetwright.js"), "--help"]);
  let told = "";
  child.stderr.on("data", (chunk: Buffer) => (told += chunk.toString()));
  child.stdout.destroy();
  await once(child, "close");
  expect(told).toBe("");
});

test("a function app that does not answer is told with the reason, never with the key", async () => {
  const env = {
    FLEETWRIGHT_STATUS_URL: "http://127.0.0.1:1/api/status?code=secret",
    FLEETWRIGHT_STATUS_KEY: "secret",
  };
  const { code, stdout, stderr } = await fleetwright(["status"], { env });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /^fleetwright: no status from http:\/\/127\.0\.0\.1:1\/api\/status: \S.*:/,
  );
  expect(stderr).not.toMatch(/secret|fetch failed/);
});

describe("a port that is taken", () => {
  const taken = createServer();
  beforeAll(() => new Promise<void>((done) => taken.listen(0, "127.0.0.1", done)));
  afterAll(() => taken.close());

  test.each([["emulator"], ["functions", "--app", "."]])("is told by %s", async (...command) => {
    const { port } = taken.address() as AddressInfo;
    const { code, stderr } = await fleetwright([...command, "--port", String(port)]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `fleetwright: port ${port} is taken: choose another one, or leave --port away\n`,
    );
  });
});

test("a tour that could not write its report does not begin", async () => {
  const { code, stdout, stderr } = await fleetwright(["tour", "--output", "package.json/tour"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("--output package.json/tour cannot be made a folder");
});
