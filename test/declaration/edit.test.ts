import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FleetwrightError } from "../../shared/core/errors.ts";
import type { Release } from "../../shared/declaration/documents.ts";
import { withNodeImages, withPromotion } from "../../shared/declaration/edit.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";

const UBUNTU = "AKSUbuntu-2404gen2containerd";
const LINUX = "AKSAzureLinux-V3gen2";

const RELEASE = `# yaml-language-server: $schema=https://example.org/release.json
# What prod runs.
apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: prod,   generation: 42}   # grows by one
spec:

  strategy: {name: canary-first}
  kubernetesVersion: "1.33.5"
  nodeImages:   # exact
    # the workers
    ${UBUNTU}: '202607.09.0'  # weekly

  # promoted by a person
  from: {environment: dev, generation: 57}
`;

const next = { release: "prod", nodeImages: { [UBUNTU]: "202607.16.0" }, generation: 43 };

function releasesOf(text: string): readonly Release[] {
  const { releases, findings } = parseDeclarations([{ path: "releases/r.yaml", text }]);
  expect(findings).toEqual([]);
  return releases.map(({ value }) => value);
}

/** Lines that an edit took away and added. */
function changedLines(before: string, after: string): readonly string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}

describe("new pins", () => {
  it("change two lines and nothing else", () => {
    expect(changedLines(RELEASE, withNodeImages(RELEASE, next))).toEqual([
      "-metadata: {name: prod,   generation: 42}   # grows by one",
      `-    ${UBUNTU}: '202607.09.0'  # weekly`,
      "+metadata: {name: prod,   generation: 43}   # grows by one",
      `+    ${UBUNTU}: '202607.16.0'  # weekly`,
    ]);
  });

  it("add a family below its siblings", () => {
    const nodeImages = { ...next.nodeImages, [LINUX]: "202607.16.0" };
    const after = withNodeImages(RELEASE, { ...next, nodeImages });
    expect(changedLines(RELEASE, after).at(-1)).toBe(`+    ${LINUX}: '202607.16.0'`);
    expect(after.split("\n").indexOf(`    ${LINUX}: '202607.16.0'`)).toBe(12);
    expect(releasesOf(after)[0]?.spec.nodeImages).toEqual(nodeImages);
  });

  it("are written once: the same pins again change nothing", () => {
    const once = withNodeImages(RELEASE, next);
    expect(withNodeImages(once, next)).toBe(once);
  });

  it.each([
    [
      "a map in one line",
      RELEASE.replace(/nodeImages:[^]*weekly/, `nodeImages: {${UBUNTU}: 202607.09.0}`),
    ],
    ["Windows line ends", RELEASE.replaceAll("\n", "\r\n")],
    ["no line end at the end", RELEASE.replace(/\n\n {2}# promoted[^]*$/, "")],
    ["no pins yet", RELEASE.replace(/ {2}nodeImages:[^]*weekly\n/, "")],
    [
      "another document before it",
      `kind: Release\napiVersion: fleetwright.dev/v1alpha1\nmetadata: {name: dev, generation: 1}\nspec: {strategy: {name: canary-first}}\n---\n${RELEASE}`,
    ],
    [
      "another document after it",
      `${RELEASE}---\nkind: Release\napiVersion: fleetwright.dev/v1alpha1\nmetadata: {name: dev, generation: 1}\nspec: {strategy: {name: canary-first}}\n`,
    ],
  ])("are right with %s", (_, before) => {
    const prodBefore = releasesOf(before).find(({ metadata }) => metadata.name === "prod");
    const nodeImages = {
      [UBUNTU]: "202607.16.0",
      "AKSWindows-2022-containerd": "20348.3207.260714",
    };
    const after = releasesOf(withNodeImages(before, { ...next, nodeImages }));
    const prod = after.find(({ metadata }) => metadata.name === "prod");
    expect(prod?.metadata.generation).toBe(43);
    expect(prod?.spec).toEqual({
      ...prodBefore?.spec,
      nodeImages: { ...prodBefore?.spec.nodeImages, ...nodeImages },
    });
    expect(after.filter(({ metadata }) => metadata.name === "dev")).toEqual(
      releasesOf(before).filter(({ metadata }) => metadata.name === "dev"),
    );
  });

  it.each([["  "], ["\t"], [""]])("keep JSON with indentation %j JSON", (indent) => {
    const before = JSON.stringify(releasesOf(RELEASE)[0], undefined, indent);
    const nodeImages = { ...next.nodeImages, [LINUX]: "202607.16.0" };
    const after = withNodeImages(before, { ...next, nodeImages });
    const written = JSON.parse(after) as Release;
    expect(written.spec.nodeImages).toEqual(nodeImages);
    expect(JSON.stringify(written, undefined, indent)).toBe(after);
  });

  it("keep JSON without pins JSON", () => {
    const { nodeImages: _, ...spec } = releasesOf(RELEASE)[0]?.spec ?? {};
    const before = JSON.stringify({ ...releasesOf(RELEASE)[0], spec }, undefined, 2);
    const written = JSON.parse(withNodeImages(before, next)) as Release;
    expect(written.spec.nodeImages).toEqual(next.nodeImages);
  });

  it.each([
    ["another release", RELEASE, { ...next, release: "dev" }],
    [
      "a pin that says something elsewhere too",
      RELEASE.replace("'202607.09.0'", "&pin '202607.09.0'").replace(
        "from:",
        "from: &from {environment: dev, generation: 57}\n  copy: {pin: *pin}\n  old:",
      ),
      next,
    ],
    ["a file that cannot be read", RELEASE.replace("spec:", "spec: ["), next],
  ])("are refused for %s", (_, text, change) => {
    expect(() => withNodeImages(text, change)).toThrow(FleetwrightError);
  });
});

describe("a promotion", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const promoted = {
    ...next,
    kubernetesVersion: "1.33.6",
    digest,
    from: { environment: "dev", generation: 58 },
  };
  const block = RELEASE.replace(
    "strategy: {name: canary-first}",
    "strategy:\n    name: canary-first",
  );

  it.each([
    ["in flow style", RELEASE, 10],
    ["in block style", block, 9],
  ])("writes pins, version, digest and source %s, and nothing else", (_, before, lines) => {
    const after = withPromotion(before, promoted);
    expect(releasesOf(after)[0]).toMatchObject({
      metadata: { generation: 43 },
      spec: {
        strategy: { name: "canary-first", digest },
        kubernetesVersion: "1.33.6",
        nodeImages: promoted.nodeImages,
        from: promoted.from,
      },
    });
    expect(changedLines(before, after)).toHaveLength(lines);
  });

  it("adds what a first promotion does not find", () => {
    const before = RELEASE.replace(/ {2}from: .*\n/, "").replace(/ {2}kubernetesVersion: .*\n/, "");
    const after = withPromotion(before, promoted);
    expect(changedLines(before, after).filter((line) => line.startsWith("+"))).toEqual([
      "+metadata: {name: prod,   generation: 43}   # grows by one",
      `+  strategy: {name: canary-first, digest: "${digest}"}`,
      `+    ${UBUNTU}: '202607.16.0'  # weekly`,
      "+  kubernetesVersion: 1.33.6",
      "+  from: { environment: dev, generation: 58 }",
    ]);
    expect(releasesOf(after)[0]?.spec.from).toEqual(promoted.from);
  });

  it("keeps JSON what it is", () => {
    const before = JSON.stringify(releasesOf(RELEASE)[0], undefined, 2);
    const after = withPromotion(before.replace(/,\s*"from": \{[^}]*\}/, ""), promoted);
    expect(JSON.parse(after)).toMatchObject({ spec: { from: promoted.from } });
  });

  it("done twice is done once", () => {
    const once = withPromotion(RELEASE, promoted);
    expect(withPromotion(once, promoted)).toBe(once);
  });
});

describe("whatever the release looks like", () => {
  const version = fc
    .tuple(fc.integer({ min: 200_001, max: 209_912 }), fc.integer({ min: 1, max: 31 }), fc.nat(99))
    .map(([month, day, patch]) => `${month}.${String(day).padStart(2, "0")}.${patch}`);
  const family = fc.constantFrom(
    UBUNTU,
    LINUX,
    "AKSWindows-2022-containerd",
    "AKSUbuntu-2204gen2containerd",
  );
  const pins = fc.dictionary(family, version, { minKeys: 1, noNullPrototype: true });
  const comment = fc.constantFrom("", "  # note", "   #");
  const layout = fc.record({
    quote: fc.constantFrom("", "'", '"'),
    indent: fc.constantFrom(2, 4, 7),
    flow: fc.boolean(),
    blank: fc.constantFrom("", "\n", "  # between\n"),
    comment,
    newline: fc.constantFrom("\n", "\r\n"),
  });

  it("an edit sets just the pins and the generation, and keeps every comment", () => {
    fc.assert(
      fc.property(pins, pins, layout, fc.nat(1_000), (old, wanted, form, generation) => {
        const before = renderRelease(old, form);
        const change = { release: "prod", nodeImages: wanted, generation: generation + 2 };
        const after = withNodeImages(before, change);
        const [read] = releasesOf(after);
        const [original] = releasesOf(before);
        expect(read).toEqual({
          ...original,
          metadata: { name: "prod", generation: generation + 2 },
          spec: { ...original?.spec, nodeImages: { ...old, ...wanted } },
        });
        expect(after.split("#").length).toBe(before.split("#").length);
        expect(after.includes("\r\n")).toBe(before.includes("\r\n"));
        const added = Object.keys(wanted).filter((key) => !(key in old)).length;
        expect(after.split("\n").length).toBe(before.split("\n").length + (form.flow ? 0 : added));
        expect(withNodeImages(after, change)).toBe(after);
      }),
    );
  });

  function renderRelease(
    old: Readonly<Record<string, string>>,
    form: {
      quote: string;
      indent: number;
      flow: boolean;
      blank: string;
      comment: string;
      newline: string;
    },
  ): string {
    const { quote, indent, flow, blank, comment: note, newline } = form;
    const entries = Object.entries(old).map(([key, value]) => `${key}: ${quote}${value}${quote}`);
    const lines = entries.map((entry) => `${" ".repeat(2 + indent)}${entry}${note}\n`).join(blank);
    const images = flow ? ` {${entries.join(", ")}}${note}\n` : `${note}\n${blank}${lines}`;
    const text = `# head
apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata:
  generation: 1${note}
  name: prod
spec:
  nodeImages:${images}${blank}  strategy: {name: canary-first}
`;
    return text.replaceAll("\n", newline);
  }
});
