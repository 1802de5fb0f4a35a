import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");
const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");
const names = readdirSync(join(root, "actions")).filter((name) => name !== "runner");

/** Inputs that a source reads, by the names of its typed readers. */
function inputsRead(source: string): string[] {
  const reader =
    /\b(?:choice|wholeNumber|flag|duration|list|optional\w+|requiredText)\("([a-z-]+)"/g;
  return [...source.matchAll(reader)].map(([, name]) => name ?? "");
}

/** The action's own files, and what they import of the runner's. */
function sourcesOf(name: string): string {
  const own = readdirSync(join(root, "actions", name)).filter((file) => file.endsWith(".ts"));
  const code = own.map((file) => read("actions", name, file)).join("");
  const shared = [...code.matchAll(/"\.\.\/runner\/([a-z-]+\.ts)"/g)].map(([, file]) => file ?? "");
  return code + [...new Set(shared)].map((file) => read("actions/runner", file)).join("");
}

describe.each(names)("%s", (name) => {
  const definition = parse(read("actions", name, "action.yml")) as {
    name: string;
    description: string;
    branding: object;
    inputs: Record<string, { description: string; required?: boolean; default?: string }>;
    outputs: Record<string, { description: string }>;
    runs: { using: string; main: string };
  };

  test("runs its bundle on Node 24", () => {
    expect(definition.runs).toEqual({ using: "node24", main: `../../dist/actions/${name}.cjs` });
    expect(definition).toMatchObject({
      name: expect.any(String),
      description: expect.any(String),
      branding: { icon: expect.any(String), color: expect.any(String) },
    });
  });

  test("declares exactly the inputs that its code reads", () => {
    const code = inputsRead(sourcesOf(name));
    expect(Object.keys(definition.inputs).toSorted()).toEqual(code.toSorted());
  });

  test("describes every input and output, and gives a default to what is not required", () => {
    for (const { description, required, default: value } of Object.values(definition.inputs)) {
      expect(description).toMatch(/\w/);
      expect(required === true ? value === undefined : typeof value === "string").toBe(true);
    }
    for (const { description } of Object.values(definition.outputs)) {
      expect(description).toMatch(/\w/);
    }
  });

  test("has a main.ts that only reads and wires", () => {
    expect(read("actions", name, "main.ts").split("\n").length).toBeLessThanOrEqual(41);
  });
});

test("the tables of inputs and outputs in the documentation are fresh", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/readme.mjs", "--check"], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
