import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { OPERATOR, READER, REPAIRER } from "../actions/role-steps.ts";
import { placesOf, type Place } from "./workflow-places.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const EXAMPLE = "examples/harbour";
const FOLDER = `${EXAMPLE}/.github/workflows`;
const inExample = (path: string): string => read(join(EXAMPLE, path));
const README = /```yaml\n(name: [\s\S]*?)```/.exec(read("README.md"))?.[1] ?? "";
const WORKFLOWS: ReadonlyMap<string, string> = new Map([
  ["README.md", README],
  ...readdirSync(FOLDER).map((name) => [name, read(`${FOLDER}/${name}`)] as const),
]);
const BICEP = read("infra/workflows.bicep");

/** What test/actions/roles.test.ts runs with each shipped role. */
const COVERED: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({ reader: READER, operator: OPERATOR, repairer: REPAIRER }).map(
    ([role, steps]) => [
      role,
      new Set(steps.map(({ action, inputs }) => `${action} ${inputs["operation"] ?? action}`)),
    ],
  ),
);

/** The role behind each subject that infra/workflows.bicep trusts. */
function trusted(bicep: string): ReadonlyMap<string, string> {
  const modules = bicep.matchAll(/module (\w+) 'modules\/job-identity[\s\S]*?subjects: (\w+)/g);
  return new Map(
    [...modules].flatMap(([, identity = "", list = ""]) => {
      const role = new RegExp(
        `roles/(\\w+)\\.json'\\), principalId: ${identity}\\.outputs\\.principalId`,
      ).exec(bicep)?.[1];
      return subjects(bicep, list).map((subject) => [subject, role ?? "no role"] as const);
    }),
  );
}

/** A list of texts, or one text for each name of a parameter, as it is by default. */
function subjects(bicep: string, variable: string): readonly string[] {
  const value = new RegExp(`^var ${variable} = (.*)$`, "m").exec(bicep)?.[1] ?? "";
  const [, parameter, template = ""] = /^\[for name in (\w+): '(.*)'\]$/.exec(value) ?? [];
  const names = parameter
    ? texts(new RegExp(`^param ${parameter} array = (.*)$`, "m").exec(bicep)?.[1] ?? "").map(
        (name) => template.replace("${name}", name),
      )
    : texts(value);
  return names.map((subject) => subject.replace("${repository}", "octo-org/harbour"));
}

function texts(list: string): readonly string[] {
  return [...list.matchAll(/'([^']+)'/g)].map(([, text = ""]) => text);
}

function refused({ job, event, subject, operations }: Place, bicep: string): readonly string[] {
  const role = trusted(bicep).get(subject);
  const at = `${job} on ${event}`;
  if (role === undefined) return [`${at}: nobody trusts ${subject}`];
  return operations
    .filter((operation) => !COVERED[role]?.has(operation))
    .map((operation) => `${at}: the ${role} may not ${operation}`);
}

function findings(workflow: string, bicep = BICEP): readonly string[] {
  const places = placesOf(workflow, inExample).filter(({ signsIn }) => signsIn);
  return [...new Set(places.flatMap((place) => refused(place, bicep)))];
}

test.each([...WORKFLOWS])("each job of %s is trusted, with a role that suffices", (name, text) => {
  expect(findings(text)).toEqual([]);
  // rollout.yml is only called; every other one has a job that signs in, and asks something of our actions.
  const asked = placesOf(text, inExample).filter(({ operations }) => operations.length > 0);
  expect(asked.some(({ signsIn }) => signsIn)).toBe(name !== "rollout.yml");
});

test("the jobs that docs/actions.md shows are trusted in the same way", () => {
  const jobs = [...read("docs/actions.md").matchAll(/```yaml\n(environment: [\s\S]*?)```/g)];
  expect(jobs.length).toBeGreaterThan(5);
  for (const [, job = ""] of jobs) {
    const workflow = `name: shown\non: { push: }\njobs:\n  shown:\n${job.replaceAll(/^/gm, "    ")}`;
    expect(findings(workflow)).toEqual([]);
  }
});

describe("this finds", () => {
  const blueGreen = WORKFLOWS.get("blue-green.yml") ?? "";

  test("a place that no identity trusts", () => {
    const without = BICEP.replace(", 'repo:${repository}:environment:review'", "");
    expect(without).not.toBe(BICEP);
    expect(findings(README, without)).toEqual([
      "upgrade: prod on pull_request: nobody trusts repo:octo-org/harbour:environment:review",
    ]);
  });

  test("an identity whose role does not suffice", () => {
    expect(findings(blueGreen.replace("environment: prod-roll-back", "environment: prod"))).toEqual(
      ["blue-green: roll-back on workflow_dispatch: the operator may not blue-green roll-back"],
    );
  });

  test("an operation that a person may choose and the environment's role lacks", () => {
    const operate = WORKFLOWS.get("operate.yml") ?? "";
    expect(
      findings(operate.replace("options: [dev, prod]", "options: [dev, prod-repair]")),
    ).toContain(
      "operate a run: operate on workflow_dispatch: the repairer may not update-run hold",
    );
  });
});

/** Rows of a table of docs/deploy.md, by its first heading; ticks taken off. */
function table(heading: string): readonly (readonly string[])[] {
  const lines = read("docs/deploy.md").split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\| ${heading} +\\|`).test(line));
  expect(start).toBeGreaterThan(-1);
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

describe("docs/deploy.md", () => {
  const namesIn = (text: string): readonly string[] => [
    ...new Set(
      [...text.matchAll(/\$\{\{ (?:vars|secrets)\.(\w+) \}\}/g)].map(([, name = ""]) => name),
    ),
  ];

  test("names every variable and secret, and who reads it", () => {
    const texts = [...WORKFLOWS].filter(([name]) => name !== "README.md");
    const used = namesIn(texts.map(([, text]) => text).join("\n"));
    const rows = table("Variable or secret");
    expect(rows.map(([name]) => name).toSorted()).toEqual(expect.arrayContaining(used.toSorted()));
    for (const [name = "", , , readers = ""] of rows) {
      expect(used).toContain(name);
      const reading = texts
        .filter(([, text]) => namesIn(text).includes(name))
        .map(([file]) => file);
      const said = readers === "all of them" ? reading : readers.split(", ");
      expect([name, said.toSorted()]).toEqual([name, reading.toSorted()]);
    }
  });

  test("and no page or workflow calls one of them otherwise", () => {
    const names = new Set(table("Variable or secret").map(([name]) => name));
    for (const page of ["README.md", "docs/actions.md", `${EXAMPLE}/README.md`]) {
      const ours = namesIn(read(page)).filter((name) => /^(AZURE|FLEETWRIGHT)_/.test(name));
      expect([page, ours.filter((name) => !names.has(name))]).toEqual([page, []]);
    }
    const listed = read(`${EXAMPLE}/README.md`).match(/`(?:AZURE|FLEETWRIGHT)_\w+`/g) ?? [];
    expect(listed.filter((name) => !names.has(name.replaceAll("`", "")))).toEqual([]);
  });

  test("says of every GitHub environment whose identity it has", () => {
    const places = [...WORKFLOWS.values()].flatMap((text) => placesOf(text, inExample));
    const environments = new Set(places.flatMap(({ environment }) => environment ?? []));
    const roles = trusted(BICEP);
    const expected = [...environments].map((name) => [
      name,
      roles.get(`repo:octo-org/harbour:environment:${name}`),
    ]);
    const said = table("GitHub environment").map(([name, role]) => [name, role]);
    expect(said.toSorted()).toEqual(expected.toSorted());
    // Nor is a place trusted that no workflow uses.
    const subjects = new Set(places.map(({ subject }) => subject));
    expect([...roles.keys()].filter((subject) => !subjects.has(subject))).toEqual([]);
  });
});

describe("the promotion's token", () => {
  const asked = (text: string): Readonly<Record<string, string>> =>
    Object.fromEntries(
      [...text.matchAll(/permission-([a-z-]+): (\w+)/g)].map(([, name, access]) => [name, access]),
    );
  const permissions = asked(WORKFLOWS.get("promote.yml") ?? "");
  const action = parse(read("actions/promote/action.yml")) as {
    readonly inputs: Readonly<Record<string, { readonly description: string }>>;
  };

  const having = (wanted: string): string =>
    Object.keys(permissions)
      .filter((name) => permissions[name] === wanted)
      .map((name) => name.replace("-", " "))
      .join(", ");
  /** As prose lists them, but for what stands in brackets. */
  const listed = `${having("write")}: write; ${having("read")}: read`;
  const prose = (text: string): string =>
    text.replaceAll(/\s+\([^)]*\)/g, "").replaceAll(/\s+/g, " ");

  test.each([
    ["docs/deploy.md", read("docs/deploy.md")],
    [`${EXAMPLE}/README.md`, inExample("README.md")],
    ["actions/promote/action.yml", action.inputs["github-token"]?.description ?? ""],
  ])("may do the same by %s as by promote.yml", (_, text) => {
    expect(prose(text)).toContain(listed);
  });

  test("is asked for in docs/actions.md as in promote.yml", () => {
    const block = /uses: actions\/create-github-app-token@[\s\S]*?```/.exec(
      read("docs/actions.md"),
    );
    expect(asked(block?.[0] ?? "")).toEqual(permissions);
    const pin = /create-github-app-token@\S+ # \S+/;
    expect(pin.exec(block?.[0] ?? "")?.[0]).toBe(
      pin.exec(inExample(".github/workflows/promote.yml"))?.[0],
    );
    expect(Object.keys(permissions)).toHaveLength(4);
  });
});
