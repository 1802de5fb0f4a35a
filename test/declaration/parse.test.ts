import { describe, expect, it } from "vitest";
import { formatFinding } from "../../shared/declaration/finding.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import {
  edited,
  WITH_MEMBERS,
  EXAMPLE_STAGES,
  findingsOf,
  places,
  PROD,
  REPOSITORY,
  STRATEGY,
} from "./sample.ts";

describe("documents that are right", () => {
  const declarations = parseDeclarations(REPOSITORY);

  it("have no findings", () => {
    expect(declarations.findings).toEqual([]);
    expect(declarations.refused).toEqual([]);
  });

  it("fill in what the form leaves out", () => {
    const [dev, prod] = declarations.workspace?.value.spec.environments ?? [];
    expect(dev).toMatchObject({
      members: "fleet",
      groups: {},
      approvers: [],
      access: { unreachable: "human" },
      nodeImage: { soak: "0s", allRegions: true, whileSoaking: "queue" },
      kubernetes: { propose: "manual" },
    });
    expect(prod).toMatchObject({ promotesFrom: "dev", nodeImage: { soak: "72h" } });
    expect(declarations.releases[0]?.value.spec.upgradeType).toBe("NodeImageOnly");
  });

  it("keep a strategy just as Fleet's JSON says it", () => {
    expect(declarations.strategies[0]?.value.spec.stages[1]).toEqual({
      name: "rest",
      groups: [{ name: "blue" }, { name: "green", maxConcurrency: "5" }],
      maxConcurrency: "25%",
      beforeGates: [{ displayName: "CAB", type: "Approval" }],
    });
  });

  it("know where each field stands", () => {
    const [strategy] = declarations.strategies;
    expect(strategy?.locate(["spec", "stages", 1, "groups", 1, "maxConcurrency"])).toEqual({
      line: 14,
      column: 41,
    });
    expect(strategy?.locateKey(["verification", "canary"])).toEqual({ line: 18, column: 3 });
    expect(strategy?.locate(["spec", "stages", 1, "absent", "deep"])).toEqual({
      line: 11,
      column: 7,
    });
  });

  it.each([
    ["several documents in a file", [{ path: "all.yaml", text: `${STRATEGY}---\n${PROD}---\n` }]],
    [
      "JSON",
      [
        { path: "releases/prod.json", text: json(PROD) },
        { path: "strategies/s.json", text: json(STRATEGY) },
      ],
    ],
    [
      "JSON indented by tabs",
      [
        { path: "strategies/s.json", text: json(STRATEGY, "\t") },
        { path: "releases/r.yaml", text: PROD },
      ],
    ],
    [
      "Windows line ends",
      [
        { path: "a.yaml", text: STRATEGY.replaceAll("\n", "\r\n") },
        { path: "b.yaml", text: PROD },
      ],
    ],
    [
      "a byte order mark",
      [
        { path: "a.yaml", text: `\uFEFF${STRATEGY}` },
        { path: "b.yaml", text: PROD },
      ],
    ],
    [
      "a $schema for editors",
      [
        { path: "a.yaml", text: `$schema: x.json\n${STRATEGY}` },
        { path: "b.yaml", text: PROD },
      ],
    ],
  ])("may be written as %s", (_, files) => {
    const parsed = parseDeclarations(files);
    expect(parsed.findings).toEqual([]);
    expect(parsed.strategies.map(({ value }) => value.metadata.name)).toEqual(["canary-first"]);
    expect(parsed.releases.map(({ value }) => value.metadata.generation)).toEqual([42]);
    expect(parsed.strategies[0]?.value.spec).toEqual(declarations.strategies[0]?.value.spec);
  });
  it.each([
    ["nothing", ""],
    ["comments", "# later\n"],
    ["a separator", "---\n"],
    ["null", "null"],
  ])("is warned of when it is %s", (_, text) => {
    const { findings, refused } = parseDeclarations([{ path: "releases/dev.yaml", text }]);
    expect(findings).toMatchObject([
      { code: "empty-file", severity: "warning", file: "releases/dev.yaml", line: 1 },
    ]);
    expect(refused).toEqual([]);
  });

  it("may be the stages file of the Fleet documentation, unchanged", () => {
    const parsed = parseDeclarations([
      { path: "strategies/example-stages.json", text: EXAMPLE_STAGES },
    ]);
    expect(parsed.findings).toEqual([]);
    const [strategy] = parsed.strategies;
    expect(strategy?.value.metadata.name).toBe("example-stages");
    expect(strategy?.value.spec).toEqual(JSON.parse(EXAMPLE_STAGES));
    expect(strategy?.locate(["spec", "stages", 1, "name"])).toEqual({ line: 19, column: 15 });
  });

  it("may repeat a list by an alias", () => {
    const text = STRATEGY.replace("[{displayName: CAB", "&cab [{displayName: CAB").replace(
      "        - {name: blue}",
      "        - {name: blue, beforeGates: *later}",
    );
    const before = text.replace("*later", "&later [{displayName: DBA, type: Approval}]");
    const again = before.replace("{name: green,", "{name: green, beforeGates: *later,");
    const parsed = parseDeclarations([{ path: "a.yaml", text: again }]);
    expect(parsed.findings).toEqual([]);
    expect(parsed.strategies[0]?.value.spec.stages[1]?.groups[1]?.beforeGates).toEqual([
      { displayName: "DBA", type: "Approval" },
    ]);
  });
});

function json(yaml: string, indent = "  "): string {
  const { strategies, releases } = parseDeclarations([{ path: "x.yaml", text: yaml }]);
  return JSON.stringify((strategies[0] ?? releases[0])?.value, undefined, indent);
}

describe("documents that are wrong", () => {
  it.each([
    [
      "an unknown field, pointing at its name",
      "afterStageWaitInSeconds: 86400",
      "afterStageWaitInSecond: 86400",
      "strategies/canary-first.yaml:9:7 error unknown-field spec.stages[0].afterStageWaitInSecond is not a field — did you mean afterStageWaitInSeconds?",
    ],
    [
      "the beginning of a field's name",
      "afterStageWaitInSeconds: 86400",
      "afterStageWait: 86400",
      "strategies/canary-first.yaml:9:7 error unknown-field spec.stages[0].afterStageWait is not a field — did you mean afterStageWaitInSeconds?",
    ],
    [
      "a field that belongs elsewhere",
      "kind: Workspace",
      "kind: Workspace\nfreezes: []",
      "fleetwright.yaml:3:1 error unknown-field freezes is not a field here — it belongs at spec.freezes: move it there",
    ],
    [
      "a field of a later api-version",
      "afterStageWaitInSeconds: 86400",
      'memberSelector: {byLabel: "env=prod"}',
      "strategies/canary-first.yaml:9:7 error unknown-field spec.stages[0].memberSelector is not a field — remove it; known here: name, groups, maxConcurrency, maxAllowedFailures, afterStageWaitInSeconds, beforeGates, afterGates",
    ],
    [
      "an unknown field inside a union",
      "{name: m1, group: prod-canary}",
      "{name: m1, group: prod-canary, cluster: x}",
      "fleetwright.yaml:15:42 error unknown-field spec.environments[1].members[0].cluster is not a field — remove it; known here: name, group",
    ],
    [
      "an unknown field inside a default",
      "soak: 72h",
      "soaks: 72h",
      "fleetwright.yaml:19:19 error unknown-field spec.environments[1].nodeImage.soaks is not a field — did you mean soak?",
    ],
    [
      "an unknown field in a map of maps",
      "tolerate:",
      "tolerates:",
      "strategies/canary-first.yaml:21:5 error unknown-field verification.canary.tolerates is not a field — did you mean tolerate?",
    ],
    [
      "a missing field",
      "metadata: {name: prod, generation: 42}",
      "metadata: {name: prod}",
      "releases/prod.yaml:3:11 error missing-field metadata.generation is missing — add it: a number",
    ],
    [
      "a wrong type",
      "groups:\n        - {name: canary}",
      "groups: canary",
      'strategies/canary-first.yaml:7:15 error wrong-type spec.stages[0].groups must be a list, not "canary" — change the value, or remove the field',
    ],
    [
      "an empty value",
      "groups: {canary: prod-canary}",
      "groups:",
      "fleetwright.yaml:13:14 error wrong-type spec.environments[1].groups must be a map, not empty — change the value, or remove the field",
    ],
    [
      "a fraction",
      "generation: 42",
      "generation: 4.2",
      "releases/prod.yaml:3:36 error wrong-type metadata.generation must be a whole number, not 4.2 — change the value, or remove the field",
    ],
    [
      "a number out of range",
      "generation: 42",
      "generation: 0",
      "releases/prod.yaml:3:36 error invalid-value metadata.generation must be at least 1, not 0 — change the value",
    ],
    [
      "a word that is none of the choices",
      "strategy:",
      "upgradeType: Latest\n  strategy:",
      'releases/prod.yaml:5:16 error invalid-value spec.upgradeType must be "NodeImageOnly" or "Full" or "ControlPlaneOnly", not "Latest" — change the value',
    ],
    [
      "neither of two forms",
      "members:\n        - {name: m1, group: prod-canary}\n        - {name: m2, group: blue}\n        - {name: m3, group: green}",
      "members: all",
      'fleetwright.yaml:14:16 error invalid-value spec.environments[1].members must be "fleet" or a list of {name, group}, not "all" — change the value',
    ],
    [
      "a version that YAML reads as a number",
      "kubernetesVersion: 1.33.5",
      "kubernetesVersion: 1.30",
      'releases/prod.yaml:7:22 error unquoted-text spec.kubernetesVersion must be text, but 1.30 without quotes is the number 1.3 — quote it: kubernetesVersion: "1.30"',
    ],
    [
      "an image version that YAML reads as a number",
      "202607.09.0",
      "202607.10",
      'releases/prod.yaml:9:35 error unquoted-text spec.nodeImages.AKSUbuntu-2404gen2containerd must be text, but 202607.10 without quotes is the number 202607.1 — write all of it as text, such as AKSUbuntu-2404gen2containerd: "202607.09.0"',
    ],
    [
      "a soak without its unit",
      "soak: 72h",
      "soak: 30",
      'fleetwright.yaml:19:25 error unquoted-text spec.environments[1].nodeImage.soak must be text, but 30 without quotes is the number 30 — write all of it as text, such as soak: "30m"',
    ],
    [
      "a count of members without quotes",
      "maxConcurrency: 25%",
      "maxConcurrency: 5",
      'strategies/canary-first.yaml:15:23 error unquoted-text spec.stages[1].maxConcurrency must be text, but 5 without quotes is the number 5 — quote it: maxConcurrency: "5"',
    ],
    [
      "a preview gate",
      "displayName: CAB, type: Approval",
      "displayName: CAB, type: ScheduledStart",
      'strategies/canary-first.yaml:16:46 error invalid-value spec.stages[1].beforeGates[0].type must be "Approval", not "ScheduledStart" — change the value',
    ],
    [
      "an unknown kind",
      "kind: UpdateStrategy",
      "kind: UpdateStrategie",
      'strategies/canary-first.yaml:2:7 error unknown-kind kind "UpdateStrategie" is not known — did you mean UpdateStrategy?',
    ],
    [
      "no kind",
      "kind: Release\n",
      "",
      "releases/prod.yaml:1:1 error missing-field kind is missing — use one of Workspace, UpdateStrategy, Release",
    ],
    [
      "another apiVersion",
      "apiVersion: fleetwright.dev/v1alpha1\nkind: Release",
      "apiVersion: fleetwright.dev/v1\nkind: Release",
      'releases/prod.yaml:1:13 error unknown-api-version apiVersion "fleetwright.dev/v1" is not known — use fleetwright.dev/v1alpha1',
    ],
    [
      "no apiVersion",
      "apiVersion: fleetwright.dev/v1alpha1\nkind: Release",
      "kind: Release",
      'releases/prod.yaml:1:1 error missing-field apiVersion is missing — add it: "fleetwright.dev/v1alpha1"',
    ],
    [
      "a duplicate key",
      "  strategy:\n",
      "  strategy: {name: x}\n  strategy:\n",
      "releases/prod.yaml:6:3 error duplicate-key this key stands twice in the same map — keep one of the two",
    ],
    [
      "an unresolved alias",
      "generation: 42",
      "generation: *next",
      "releases/prod.yaml:3:36 error unresolved-alias nothing is anchored as &next before this alias — define &next above in the same document, or quote a text that begins with *",
    ],
    [
      "an open bracket",
      "{name: prod, generation: 42}",
      "{name: prod, generation: 42",
      "releases/prod.yaml:4:1 error syntax",
    ],
    [
      "a hostile key",
      "generation: 42",
      "generation: 42, __proto__: {polluted: 1}",
      "releases/prod.yaml:3:40 error unknown-field metadata.__proto__ is not a field",
    ],
    [
      "a list",
      PROD,
      "- 1\n",
      "releases/prod.yaml:1:1 error wrong-type a document must be a map with apiVersion, kind, metadata and spec — begin with apiVersion: fleetwright.dev/v1alpha1",
    ],
    [
      "bare text",
      PROD,
      "hello",
      "releases/prod.yaml:1:1 error wrong-type a document must be a map",
    ],
  ])("say what is wrong with %s", (_, from, to, expected) => {
    const { findings } = parseDeclarations(edited(from, to, WITH_MEMBERS));
    expect(formatFinding(findings[0]!)).toContain(expected);
    expect(findings).toHaveLength(1);
  });

  it("are refused when they multiply themselves by aliases", () => {
    const lines = Array.from({ length: 9 }, (_, n) =>
      n === 0
        ? "a0: &a0 [x,x,x]"
        : `a${n}: &a${n} [${Array(9)
            .fill(`*a${n - 1}`)
            .join(",")}]`,
    );
    const { findings } = parseDeclarations([{ path: "bomb.yaml", text: lines.join("\n") }]);
    expect(places(findings)).toEqual(["bomb.yaml:1:1 error syntax"]);
  });

  it("give a few findings, not thousands, when they are nested beyond reason", () => {
    const { findings } = parseDeclarations([{ path: "deep.yaml", text: "[".repeat(20_000) }]);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.length).toBeLessThanOrEqual(10);
  });

  it("are not read beyond their bounds", () => {
    const big = { path: "big.yaml", text: `# ${"x".repeat(1_000_000)}` };
    const many = { path: "many.yaml", text: "a: 1\n---\n".repeat(201) };
    expect(places(parseDeclarations([big, many]).findings)).toEqual([
      "big.yaml:1:1 error too-large",
      "many.yaml:1:1 error too-many-documents",
    ]);
  });

  it("include a second Workspace", () => {
    const files = [...REPOSITORY, { path: "more.yaml", text: REPOSITORY[0]?.text ?? "" }];
    const parsed = parseDeclarations(files);
    expect(places(parsed.findings)).toEqual(["more.yaml:1:1 error duplicate-workspace"]);
    expect(parsed.workspace?.file).toBe("fleetwright.yaml");
  });

  it("include bare stages outside strategies/", () => {
    const { findings } = parseDeclarations([{ path: "stages.json", text: EXAMPLE_STAGES }]);
    expect(places(findings)).toEqual(["stages.json:1:1 error missing-field"]);
  });

  it("point into the file when bare stages are wrong", () => {
    const text = EXAMPLE_STAGES.replace('"afterStageWaitInSeconds"', '"waitInSeconds"');
    const { findings } = parseDeclarations([{ path: "strategies/s.json", text }]);
    expect(places(findings)).toEqual(["strategies/s.json:16:7 error unknown-field"]);
  });

  it("do not hide what else is wrong, nor blame those that name them", () => {
    const files = edited("afterStageWaitInSeconds: 86400", "wait: 86400").map(({ path, text }) => ({
      path,
      text: text.replace("202607.09.0", "latest"),
    }));
    expect(places(findingsOf(files))).toEqual([
      "strategies/canary-first.yaml:9:7 error unknown-field",
      "releases/prod.yaml:9:35 error bad-image-version",
    ]);
  });
});
