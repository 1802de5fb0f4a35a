import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TextDocument } from "vscode-languageserver-textdocument";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadLanguageService } from "./language-service.ts";
import { lintWorkflow } from "./workflow-lint.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const listed = (folder: string): string[] =>
  readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);

const EXAMPLES = "examples/harbour/.github/workflows";
const workflows = [...listed(EXAMPLES), ...listed(".github/workflows")];
const actions = readdirSync(join(root, "actions")).filter((name) => name !== "runner");

const { validate } = await loadLanguageService();

/** What is used of other people's actions, by their action.yml at the pinned commit. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  "actions/checkout": ["persist-credentials", "fetch-depth"],
  "actions/setup-node": ["node-version"],
  "actions/upload-artifact": ["name", "path", "if-no-files-found"],
  "actions/download-artifact": ["name", "path"],
  "actions/attest-build-provenance": ["subject-path"],
  "actions/create-github-app-token": [
    "client-id",
    "private-key",
    "permission-contents",
    "permission-pull-requests",
    "permission-issues",
    "permission-checks",
  ],
};

interface Metadata {
  readonly name: string;
  readonly description: string;
  readonly inputs: Record<string, { readonly description: string; readonly required?: boolean }>;
}

let texts = 0;

/** What GitHub's own language service says; it knows the inputs of this project's actions. */
async function diagnose(path: string, text: string): Promise<readonly string[]> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  // It remembers what it has parsed by its address.
  const document = TextDocument.create(`file:///${++texts}/${path}`, "yaml", 1, text);
  const found = await validate(document, {
    actionsMetadataProvider: {
      async fetchActionMetadata({ owner, name, path: action }) {
        const inputs = OTHERS[`${owner}/${name}`]?.map((input) => [input, { description: input }]);
        if (inputs) return { name, description: name, inputs: Object.fromEntries(inputs) };
        return parse(read(`${action}/action.yml`)) as Metadata;
      },
    },
    fileProvider: {
      async getFileContent(reference) {
        if (!("path" in reference)) throw new Error("only files of the same repository are used");
        const name = reference.path.split("/").at(-1) ?? "";
        return { name, content: read(`${folder}/${name}`) };
      },
    },
  });
  return found.map(({ range, message }) => `${range.start.line + 1}: ${message}`);
}

describe.each(workflows)("%s", (path) => {
  test("is what GitHub accepts, down to the inputs of each action", async () => {
    expect(await diagnose(path, read(path))).toEqual([]);
  });

  test("holds no permission that it does not need, and pins what it did not write", () => {
    expect(lintWorkflow(read(path))).toEqual([]);
  });
});

test.each(actions)("actions/%s/action.yml is what GitHub accepts", async (name) => {
  const path = `actions/${name}/action.yml`;
  expect(await diagnose(path, read(path))).toEqual([]);
});

test("together they use every action but those of a single pool or cluster", () => {
  const used = new Set(
    listed(EXAMPLES).flatMap((path) =>
      [...read(path).matchAll(/fleetwright\/actions\/([a-z-]+)@v1/g)].map(([, name]) => name),
    ),
  );
  const unused = actions.filter((name) => !used.has(name));
  expect(unused).toEqual(["cluster", "node-pool"]);
});

test("the workflow of the README is checked in the same way", async () => {
  const text = /```yaml\n(name: [\s\S]*?)```/.exec(read("README.md"))?.[1] ?? "";
  expect(text).toContain("actions/update-run@v1");
  expect(await diagnose(".github/workflows/readme.yml", text)).toEqual([]);
  expect(text.trim().split("\n").length).toBeLessThanOrEqual(40);
});

/** Of docs/actions.md: a job's part, or its steps alone. */
function documentedExample(action: string): string {
  const page = read("docs/actions.md");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${action}\n`)) ?? "";
  const blocks = [...section.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  return blocks.find((text) => text.includes(`actions/${action}@v1`)) ?? "";
}

test.each(actions)("docs/actions.md shows %s in a way that GitHub accepts", async (name) => {
  const example = documentedExample(name);
  expect(example).toContain(`fleetwright/fleetwright/actions/${name}@v1`);
  const job = example.startsWith("- ") ? `steps:\n${example}` : example;
  const head = "on: push\njobs:\n  documented:\n    runs-on: ubuntu-latest\n";
  const workflow = head + job.replaceAll(/^/gm, "    ");
  expect(await diagnose(".github/workflows/documented.yml", workflow)).toEqual([]);
});

describe("the checks find", () => {
  const review = read(`${EXAMPLES}/review.yml`);

  test.each([
    ["an input that an action does not have", "environment:", "enviroment:"],
    ["an operation that is missing", "with: { operation: lint }", ""],
    ["a permission that does not exist", "checks: write", "check: write"],
    ["a matrix value that does not exist", "matrix.environment", "matrix.environments"],
    ["a job that does not exist", "needs: lint", "needs: linting"],
  ])("%s", async (_, what, instead) => {
    expect(review).toContain(what);
    const found = await diagnose(`${EXAMPLES}/review.yml`, review.replaceAll(what, instead));
    expect(found).not.toEqual([]);
  });

  test.each([
    ["a tag instead of a commit", /@[0-9a-f]{40} # v5.0.0/g, "@v5", "not pinned"],
    ["a pin without its version", / # v5.0.0/g, "", "does not say its version"],
    [
      "a token left on the disk",
      /\n +with: \{ persist-credentials: false \}/g,
      "",
      "leaves the token",
    ],
    [
      "rights of the whole workflow",
      /permissions: \{\}/,
      "permissions: { contents: write }",
      "itself",
    ],
    ["a job without a list of rights", /permissions:\n +contents: read\n/, "", "does not list"],
    ["a right too many", /pull-requests: read/, "pull-requests: write", "writes pull-requests"],
    ["a job that may hang", / +timeout-minutes: \d+\n/, "", "timeout-minutes"],
    ["secrets for strangers", /pull_request:/, "pull_request_target:", "pull_request_target"],
    [
      "text of a stranger in a script",
      /$/,
      '      - run: echo "${{ github.head_ref }}"\n',
      "pasted into a script",
    ],
  ])("%s", (_, what, instead, finding) => {
    const bad = review.replace(what, instead);
    expect(lintWorkflow(bad).join("\n")).toContain(finding);
  });
});
