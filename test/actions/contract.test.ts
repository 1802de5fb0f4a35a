import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runStep } from "../../cli/tour/runner.ts";
import type { StepResult } from "../../cli/tour/runner.ts";

const ROOT = join(import.meta.dirname, "../..");

/** An action of ours that says whatever it is told: its report and its log lines come from a file. */
const PROGRAM = `
  import { readFileSync } from "node:fs";
  import { runAction } from "./actions/runner/run-action.ts";
  import { list, optionalText, requiredText } from "./actions/runner/inputs.ts";
  runAction(async (runner) => {
    const { lines = [], fails, ...report } = JSON.parse(readFileSync(requiredText("report"), "utf8"));
    for (const line of lines) runner.log(line);
    if (fails) throw new Error(fails);
    const read = { text: optionalText("text"), list: list("list") };
    return { summary: "", outputs: { read: JSON.stringify(read) }, ...report };
  });`;
const DEFINITION = `
inputs:
  report: {default: ""}
  text: {default: ""}
  list: {default: ""}
runs: {using: node24, main: main.cjs}
`;

let action: string;
beforeAll(async () => {
  action = await mkdtemp(join(tmpdir(), "fleetwright-contract-"));
  await writeFile(join(action, "action.yml"), DEFINITION);
  await build({
    stdin: { contents: PROGRAM, resolveDir: ROOT, loader: "ts" },
    outfile: join(action, "main.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "silent",
  });
});
afterAll(() => rm(action, { recursive: true, force: true }));

async function say(report: object, inputs: Record<string, string> = {}): Promise<StepResult> {
  const file = join(action, "report.json");
  await writeFile(file, JSON.stringify(report));
  return runStep({ action, inputs: { report: file, ...inputs }, workspace: tmpdir() });
}

test("inputs with spaces, new lines and letters of all the world arrive as they were written", async () => {
  const text = "  Häfen & Kräne: „Køge“, 港, 🚢\nsecond = line\ttab  ";
  const { outputs } = await say({}, { text, list: " a b ,\r\n港口\n\n, c=d e ," });
  expect(JSON.parse(outputs["read"] ?? "")).toEqual({
    text: text.trim(),
    list: ["a b", "港口", "c=d e"],
  });
});

test("an output cannot become another one, whatever it holds", async () => {
  const outputs = {
    plain: "x",
    lines: "a\nb=c\nfailure-reason=none\n",
    heredoc: "<<EOF\nEOF\nlines<<ghadelimiter_0\nx\nghadelimiter_0\n",
    command: "::set-output name=plain::y\n%0A%25",
    unicode: "港\u2028\u0000🚢",
    empty: "",
  };
  const result = await say({ outputs });
  expect(result.outputs).toEqual({ ...outputs, "failure-reason": "" });
});

test("an annotation says its words and commands nothing", async () => {
  const hostile = {
    message: "50% lost\r\n::error file=x::second\n##[add-path]/evil, a:b",
    title: "a,b: c%\n::warning::",
    file: "dir/ä,b:c d.yaml",
  };
  const annotations = (["error", "warning", "notice"] as const).map((kind) => ({
    kind,
    line: 3,
    column: 7,
    ...hostile,
  }));
  const result = await say({ annotations });
  expect(result.annotations).toEqual(annotations);
  expect(result.exitCode).toBe(0);
});

test("a line of the log commands nothing", async () => {
  const lines = [
    "::error::first",
    "  ::add-mask::harbour",
    "two\n::set-env name=PATH::/evil\r\n::stop-commands::x",
    "late ##[add-path]/evil",
    "harbour",
  ];
  const result = await say({ lines, fails: "lost\n::warning::of a cause" });
  expect(result.annotations).toEqual([
    expect.objectContaining({
      kind: "error",
      message: "unexpected error: lost\n::warning::of a cause",
    }),
  ]);
  expect(result.log).toContain("| ::error::first");
  expect(result.log).toContain("harbour");
  expect(result.log).not.toContain("##[");
  expect(result).toMatchObject({ exitCode: 1, outputs: { "failure-reason": "internal-error" } });
});

test("a summary is cut below GitHub's limit, between letters, and says so", async () => {
  const summary = `## Verdict\n\n${"港 🚢 pier\n".repeat(200_000)}`;
  const result = await say({ summary: "x" });
  expect(result.summary.trim()).toBe("x");
  const { summary: written } = await say({ summary });
  expect(Buffer.byteLength(written)).toBeLessThan(1_048_576);
  expect(Buffer.byteLength(written)).toBeGreaterThan(900_000);
  expect(written).toMatch(/^## Verdict/);
  expect(written.trimEnd()).toMatch(/pier\n\nThe rest is left out for length\.$/);
  expect(written).not.toContain("\uFFFD");
});
