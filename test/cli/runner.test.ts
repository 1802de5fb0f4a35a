import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runStep, startStep } from "../../cli/tour/runner.ts";
import { parseEnvironmentFile } from "../../cli/tour/runner-files.ts";

const action = join(import.meta.dirname, "../fixtures/runner-action");
const run = (script: string, inputs: Record<string, string> = {}) =>
  runStep({ action, inputs: { script, ...inputs }, workspace: tmpdir() });

test("inputs keep their hyphens and take their defaults from action.yml", async () => {
  const script = 'console.log(process.env["INPUT_FLEET-NAME"])';
  expect((await run(script)).log).toBe("harbour");
  expect((await run(script, { "fleet-name": "other" })).log).toBe("other");
});

test("nothing of this process's environment leaks in", async () => {
  process.env["FLEETWRIGHT_LEAK"] = "1";
  expect((await run("console.log(process.env.FLEETWRIGHT_LEAK)")).log).toBe("undefined");
});

test("outputs, state and summary are read from their files", async () => {
  const result = await run(`
    say("OUTPUT", "a=1=2\\nb<<EOF\\nx\\ny\\nEOF\\n");
    say("STATE", "token=t\\n");
    say("STEP_SUMMARY", "## Done");
    process.exitCode = 3;
  `);
  expect(result).toMatchObject({
    exitCode: 3,
    outputs: { a: "1=2", b: "x\ny" },
    state: { token: "t" },
    summary: "## Done",
  });
});

test.each(["novalue\n", "a=1", "b<<EOF\nx\nEOF", "b<<EOF\nx\n", "=x\n"])(
  "a bad file command fails the step: %j",
  (text) => {
    expect(() => parseEnvironmentFile(text)).toThrow();
  },
);

test("commands become annotations, secrets are masked, stopped commands are text", async () => {
  const { annotations, log } = await run(`
    console.log("::add-mask::s3cret");
    console.log("::error file=a%2Cb.yaml,line=3,col=7,title=bad-name::100%25 of s3cret%0Afailed");
    console.log("::stop-commands::token-1");
    console.log("::warning::not a command");
    console.log("::token-1::");
  `);
  expect(annotations.find(({ kind }) => kind === "error")).toEqual({
    kind: "error",
    file: "a,b.yaml",
    line: 3,
    column: 7,
    title: "bad-name",
    message: "100% of ***\nfailed",
  });
  expect(annotations).toHaveLength(1);
  expect(log).toContain("::warning::not a command");
  expect(log).not.toContain("s3cret");
});

test("commands are heard on stderr too", async () => {
  const { annotations } = await run('console.error("::notice::from stderr")');
  expect(annotations).toMatchObject([{ kind: "notice", message: "from stderr" }]);
});

test("an unknown input is only a warning, as on GitHub", async () => {
  const { exitCode, annotations } = await run("", { typo: "1" });
  expect([exitCode, annotations[0]?.message]).toEqual([0, "Unexpected input 'typo'"]);
});

test("a signal reaches the process", async () => {
  let ready = () => {};
  const started = new Promise<void>((done) => {
    ready = done;
  });
  const step = await startStep({
    action,
    inputs: { script: 'setInterval(() => {}, 1000); console.log("up")' },
    workspace: tmpdir(),
    onLine: () => ready(),
  });
  await started;
  step.kill("SIGTERM");
  expect((await step.finished).exitCode).toBe(143);
});
