import { describe, expect, it } from "vitest";
import { formatFinding } from "../../shared/declaration/finding.ts";
import type { LiveFleets } from "../../shared/declaration/lint.ts";
import type { DeclaredFile } from "../../shared/declaration/read-documents.ts";
import {
  edited,
  EXAMPLE_STAGES,
  findingsOf,
  FLEET,
  places,
  WITH_MEMBERS,
  PROD,
  REPOSITORY,
  STRATEGY,
} from "./sample.ts";

const WORKSPACE_AT = "fleetwright.yaml";
const STRATEGY_AT = "strategies/canary-first.yaml";
const DEV_AT = "releases/dev.json";
const RELEASE_AT = "releases/prod.yaml";

const GATES = `      afterStageWaitInSeconds: 86400
      afterGates: [{displayName: "fleetwright: verified", type: Approval}]`;

it("finds nothing in a sound repository, nor in the stages file of the Fleet documentation", () => {
  expect(findingsOf(REPOSITORY)).toEqual([]);
  const path = "strategies/example-stages.json";
  expect(findingsOf([{ path, text: EXAMPLE_STAGES }])).toEqual([]);
});

/** [what, text, replacement, finding or nothing] */
type Case = readonly [string, string, string, ...string[]];

describe("names", () => {
  it.each<Case>([
    [
      "capital letters in a stage",
      "name: rest",
      "name: Rest",
      `${STRATEGY_AT}:11:13 error bad-name`,
    ],
    [
      "a hyphen at the end of a group",
      "{name: blue}",
      "{name: blue-}",
      `${STRATEGY_AT}:13:18 error bad-name`,
    ],
    [
      "a strategy name of 51 characters",
      "{name: canary-first}",
      `{name: ${"s".repeat(51)}}`,
      `${RELEASE_AT}:6:11 error unknown-strategy`,
      `${STRATEGY_AT}:3:18 error bad-name`,
    ],
    [
      "an empty environment name",
      "name: dev",
      'name: ""',
      `${WORKSPACE_AT}:8:13 error bad-name`,
      `${WORKSPACE_AT}:8:13 warning environment-without-release`,
      `${WORKSPACE_AT}:12:21 error unknown-environment`,
      `${DEV_AT}:1:78 error unknown-environment`,
      `${RELEASE_AT}:11:23 error unknown-environment`,
    ],
    [
      "a mapped group with a dot",
      "{canary: prod-canary}",
      "{canary: prod.canary}",
      `${WORKSPACE_AT}:13:24 error bad-name`,
    ],
    [
      "a release name with an underscore",
      "{name: prod, generation: 42}",
      "{name: pr_od, generation: 42}",
      `${WORKSPACE_AT}:10:13 warning environment-without-release`,
      `${RELEASE_AT}:3:18 error bad-name`,
      `${RELEASE_AT}:3:18 error unknown-environment`,
    ],
    ["one character is enough", "name: rest", "name: r"],
  ])("%s", expectFinding);

  it.each<Case>([
    [
      "an environment twice",
      "name: dev",
      "name: prod",
      `${WORKSPACE_AT}:10:13 error duplicate-environment`,
      `${WORKSPACE_AT}:12:21 error unknown-environment`,
      `${DEV_AT}:1:78 error unknown-environment`,
      `${RELEASE_AT}:11:23 error unknown-environment`,
    ],
  ])("%s", expectFinding);

  it("a strategy and a release twice", () => {
    const again = [
      { path: "strategies/again.yaml", text: STRATEGY },
      { path: "releases/again.yaml", text: PROD },
    ];
    const findings = findingsOf([...REPOSITORY, ...again]);
    expect(places(findings)).toEqual([
      "releases/again.yaml:3:18 error duplicate-release",
      "strategies/again.yaml:3:18 error duplicate-strategy",
    ]);
    expect(findings[0]?.message).toBe("release prod is declared in releases/prod.yaml already");
  });
});

describe("stages and groups", () => {
  it.each<Case>([
    [
      "no stage",
      STRATEGY.slice(STRATEGY.indexOf("  stages:")),
      "  stages: []\n",
      `${WORKSPACE_AT}:13:16 warning unknown-group`,
      `${STRATEGY_AT}:5:11 error no-stages`,
    ],
    [
      "a stage without groups",
      "groups:\n        - {name: canary}",
      "groups: []",
      `${WORKSPACE_AT}:13:16 warning unknown-group`,
      `${STRATEGY_AT}:7:15 error no-groups`,
    ],
    [
      "a stage name twice",
      "name: rest",
      "name: canary",
      `${STRATEGY_AT}:11:13 error duplicate-stage`,
    ],
    [
      "a group in two stages",
      "{name: blue}",
      "{name: canary}",
      `${STRATEGY_AT}:13:18 error group-in-two-stages`,
    ],
    [
      "a group twice in a stage",
      "{name: blue}",
      "{name: green}",
      `${STRATEGY_AT}:14:18 error group-in-two-stages`,
    ],
    [
      "two groups mapped to one",
      "{canary: prod-canary}",
      "{canary: blue}",
      `${WORKSPACE_AT}:13:24 error group-in-two-stages`,
    ],
    ["a group mapped to itself", "{canary: prod-canary}", "{canary: prod-canary, blue: blue}"],
    [
      "a mapped group that no strategy names",
      "{canary: prod-canary}",
      "{canary: prod-canary, blu: x}",
      `${WORKSPACE_AT}:13:37 warning unknown-group`,
    ],
    [
      "51 groups in a stage",
      "- {name: blue}",
      groups(51),
      `${STRATEGY_AT}:13:9 error too-many-groups`,
    ],
    ["50 groups in a stage", "- {name: blue}", groups(49)],
    [
      "a concurrency of zero",
      "maxConcurrency: 25%",
      'maxConcurrency: "0"',
      `${STRATEGY_AT}:15:23 error bad-max-concurrency`,
    ],
    [
      "a concurrency of 101 %",
      "maxConcurrency: 25%",
      "maxConcurrency: 101%",
      `${STRATEGY_AT}:15:23 error bad-max-concurrency`,
    ],
    [
      "a group's concurrency in words",
      'maxConcurrency: "5"',
      "maxConcurrency: all",
      `${STRATEGY_AT}:14:41 error bad-max-concurrency`,
    ],
    ["a concurrency of 100 %", "maxConcurrency: 25%", "maxConcurrency: 100%"],
    [
      "a number of tolerated failures in words",
      "maxConcurrency: 25%",
      "maxConcurrency: 25%\n      maxAllowedFailures: some",
      `${STRATEGY_AT}:16:27 error bad-max-allowed-failures`,
    ],
    [
      "no tolerated failures",
      "maxConcurrency: 25%",
      'maxConcurrency: 25%\n      maxAllowedFailures: "0"',
    ],
    [
      "a negative wait",
      "afterStageWaitInSeconds: 86400",
      "afterStageWaitInSeconds: -1",
      `${STRATEGY_AT}:9:32 error bad-wait`,
      `${STRATEGY_AT}:22:19 error bad-may-shorten`,
    ],
    [
      "a wait beyond int32",
      "InSeconds: 86400",
      "InSeconds: 2147483648",
      `${STRATEGY_AT}:9:32 error bad-wait`,
    ],
    ["the longest wait", "InSeconds: 86400", "InSeconds: 2147483647"],
  ])("%s", expectFinding);
});

function groups(count: number): string {
  return Array.from({ length: count }, (_, n) => `- {name: g${n}}`).join("\n        ");
}

describe("barriers between stages", () => {
  const open = edited("    mayShortenTo: 4h\n", "");
  const bare = (replacement: string): readonly DeclaredFile[] =>
    open.map(({ path, text }) => ({
      path,
      text: text
        .replace(`${GATES}\n`, replacement)
        .replace("      beforeGates: [{displayName: CAB, type: Approval}]\n", "")
        .replace('    approves: "fleetwright: verified"\n', ""),
    }));

  it("must exist", () => {
    expect(places(findingsOf(bare("")))).toEqual([
      `${STRATEGY_AT}:6:7 error stage-without-barrier`,
    ]);
  });

  it.each([
    ["a wait", "      afterStageWaitInSeconds: 60\n"],
    ["an after-gate", "      afterGates: [{displayName: CAB, type: Approval}]\n"],
  ])("may be %s", (_, replacement) => {
    expect(findingsOf(bare(replacement))).toEqual([]);
  });

  it("are no wait of zero seconds", () => {
    const findings = findingsOf(bare("      afterStageWaitInSeconds: 0\n"));
    expect(places(findings)).toEqual([`${STRATEGY_AT}:6:7 error stage-without-barrier`]);
  });

  it.each([
    [
      "a gate before the next stage",
      "name: rest\n",
      "name: rest\n      beforeGates: [{displayName: CAB, type: Approval}]\n",
      0,
    ],
    [
      "a gate after a group",
      "- {name: canary}",
      "- {name: canary, afterGates: [{displayName: CAB, type: Approval}]}",
      0,
    ],
    [
      "gates before all groups of the next stage",
      "- {name: blue}\n        - {name: green,",
      "- {name: blue, beforeGates: &g [{displayName: CAB, type: Approval}]}\n        - {name: green, beforeGates: *g,",
      0,
    ],
    [
      "no gate before only one of them",
      "- {name: blue}",
      "- {name: blue, beforeGates: [{displayName: CAB, type: Approval}]}",
      1,
    ],
  ])("may be %s", (_, from, to, count) => {
    const files = bare("").map(({ path, text }) => ({ path, text: text.replace(from, to) }));
    expect(findingsOf(files)).toHaveLength(count);
  });
});

describe("gates and what is verified", () => {
  it.each<Case>([
    [
      "a gate of ours that nobody approves",
      'approves: "fleetwright: verified"',
      "approves: CAB",
      `${STRATEGY_AT}:10:34 error gate-nobody-approves`,
      `${STRATEGY_AT}:19:15 error gate-not-in-stage`,
    ],
    [
      "an empty gate name",
      "displayName: CAB",
      'displayName: ""',
      `${STRATEGY_AT}:16:35 error bad-gate-name`,
    ],
    [
      "a gate name of 101 characters",
      "displayName: CAB",
      `displayName: ${"c".repeat(101)}`,
      `${STRATEGY_AT}:16:35 error bad-gate-name`,
    ],
    ["a gate name of 100 characters", "displayName: CAB", `displayName: ${"c".repeat(100)}`],
    [
      "a stage that does not exist",
      "\n  canary:\n    approves",
      "\n  canari:\n    approves",
      `${STRATEGY_AT}:10:34 error gate-nobody-approves`,
      `${STRATEGY_AT}:18:3 error unknown-stage`,
    ],
    [
      "a tolerance that is no share",
      "notReady: 1%",
      'notReady: "1"',
      `${STRATEGY_AT}:21:26 error bad-tolerance`,
    ],
    [
      "a tolerance of 101 %",
      "notReady: 1%",
      "notReady: 101%",
      `${STRATEGY_AT}:21:26 error bad-tolerance`,
    ],
    [
      "a check that nobody described",
      "checks: [nodes]",
      "checks: [nodes, workloads]",
      `${STRATEGY_AT}:20:13 error check-not-described`,
    ],
    [
      "a described check that is not asked",
      "checks: [nodes]",
      "team: {checkRun: smoke}",
      `${STRATEGY_AT}:20:11 error check-not-described`,
    ],
    [
      "a team's check that is two at once",
      "checks: [nodes]",
      "checks: [team]\n    team: {checkRun: smoke, workflow: smoke.yml}",
      `${STRATEGY_AT}:21:11 error bad-team-check`,
    ],
    [
      "a workflow that is a path",
      "checks: [nodes]",
      "checks: [team]\n    team: {workflow: ../smoke.yml}",
      `${STRATEGY_AT}:21:22 error bad-team-check`,
    ],
    [
      "all three checks, observed only",
      "checks: [nodes]",
      "checks: [nodes, workloads, team]\n    mode: observe\n    workloads: {namespaces: [harbour]}\n    team: {workflow: smoke.yml}",
    ],
    [
      "a shorter wait that is longer",
      "mayShortenTo: 4h",
      "mayShortenTo: 1d",
      `${STRATEGY_AT}:22:19 error bad-may-shorten`,
    ],
    [
      "a shorter wait in no unit",
      "mayShortenTo: 4h",
      'mayShortenTo: "4"',
      `${STRATEGY_AT}:22:19 error bad-duration`,
    ],
  ])("%s", expectFinding);

  it("may be a person's gate only: then nothing is said to approve it", () => {
    const files = edited('"fleetwright: verified", type', "Ops, type").map(({ path, text }) => ({
      path,
      text: text.replace('    approves: "fleetwright: verified"\n', ""),
    }));
    expect(findingsOf(files)).toEqual([]);
  });
});

describe("environments", () => {
  it.each<Case>([
    [
      "a fleet by its name",
      `fleet: ${FLEET}\n`,
      "fleet: harbour\n",
      `${WORKSPACE_AT}:9:14 error not-a-fleet`,
    ],
    [
      "a member instead of a fleet",
      `fleet: ${FLEET}\n`,
      `fleet: ${FLEET}/members/m1\n`,
      `${WORKSPACE_AT}:9:14 error not-a-fleet`,
    ],
    [
      "a cluster instead of a fleet",
      "fleets/harbour\n",
      "managedClusters/harbour\n",
      `${WORKSPACE_AT}:9:14 error not-a-fleet`,
    ],
    [
      "a fleet in other letters",
      "resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/harbour\n",
      "resourcegroups/harbour/providers/microsoft.containerservice/Fleets/harbour\n",
    ],
    [
      "promotion from an environment that is not there",
      "promotesFrom: dev",
      "promotesFrom: develop",
      `${WORKSPACE_AT}:12:21 error unknown-environment`,
    ],
    [
      "promotion from itself",
      "promotesFrom: dev",
      "promotesFrom: prod",
      `${WORKSPACE_AT}:12:21 error promotion-cycle`,
    ],
    [
      "promotion in a circle",
      "- name: dev\n",
      "- name: dev\n      promotesFrom: prod\n",
      `${WORKSPACE_AT}:9:21 error promotion-cycle`,
      `${WORKSPACE_AT}:13:21 error promotion-cycle`,
    ],
    [
      "a soak without a unit",
      "soak: 72h",
      'soak: "72"',
      `${WORKSPACE_AT}:15:25 error bad-duration`,
    ],
    [
      "a freeze that ends before it begins",
      "to: 2027-01-04",
      "to: 2026-01-04",
      `${WORKSPACE_AT}:5:46 error bad-freeze`,
    ],
    ["a freeze of one day", "to: 2027-01-04", "to: 2026-12-18"],
    ["a freeze in a time zone by its old name", "Europe/Berlin", "Europe/Kiev"],
    ["a freeze in UTC", ", timezone: Europe/Berlin", ""],
    ["a freeze by the hour", "from: 2026-12-18", "from: 2026-12-18T18:00"],
    [
      "a freeze on no day",
      "from: 2026-12-18",
      "from: 2026-02-30",
      `${WORKSPACE_AT}:5:30 error bad-freeze`,
    ],
    [
      "a freeze with two mistakes",
      "to: 2027-01-04, timezone: Europe/Berlin",
      "to: 2025-01-04, timezone: Berlin",
      `${WORKSPACE_AT}:5:46 error bad-freeze`,
      `${WORKSPACE_AT}:5:68 error bad-freeze`,
    ],
    [
      "a fleet in a subscription by its name",
      "11111111-2222-3333-4444-555555555555/resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/harbour\n",
      "production/resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/harbour\n",
      `${WORKSPACE_AT}:9:14 error not-a-fleet`,
    ],
    ["a freeze in words", "to: 2027-01-04", "to: January", `${WORKSPACE_AT}:5:46 error bad-freeze`],
    [
      "a freeze in no time zone",
      "Europe/Berlin",
      "Europe/Bonn",
      `${WORKSPACE_AT}:5:68 error bad-freeze`,
    ],
  ])("%s", expectFinding);
});

describe("releases", () => {
  const digest = /its digest is (sha256:[0-9a-f]{64})/;

  it.each<Case>([
    [
      "an environment that is not declared",
      "{name: prod,",
      "{name: prodd,",
      `${WORKSPACE_AT}:10:13 warning environment-without-release`,
      `${RELEASE_AT}:3:18 error unknown-environment`,
    ],
    [
      "a source that is not declared",
      "environment: dev",
      "environment: test",
      `${RELEASE_AT}:11:23 error unknown-environment`,
    ],
    [
      "a strategy that is not declared",
      "name: canary-first\n  kube",
      "name: canary-frist\n  kube",
      `${RELEASE_AT}:6:11 error unknown-strategy`,
    ],
    [
      "one by one, which needs no declaration",
      "name: canary-first\n  kube",
      "name: one-by-one\n  kube",
    ],
    [
      "pins beside a selection of Azure's",
      "  nodeImages:",
      "  nodeImageSelection: Latest\n  nodeImages:",
      `${RELEASE_AT}:8:23 error pins-not-used`,
    ],
    [
      "a selection of Azure's, which is not exact",
      /  nodeImages:\n(    .*\n)+/.exec(PROD)?.[0] ?? "",
      "  nodeImageSelection: Consistent\n",
      `${RELEASE_AT}:8:23 warning images-not-pinned`,
    ],
    ["a generation without end", "generation: 42", "generation: 9007199254740991"],
  ])("%s", expectFinding);

  it("need a Workspace", () => {
    const findings = findingsOf(REPOSITORY.slice(1));
    expect(places(findings)).toEqual([
      `${DEV_AT}:1:78 error unknown-environment`,
      `${RELEASE_AT}:3:18 error unknown-environment`,
      `${RELEASE_AT}:11:23 error unknown-environment`,
    ]);
  });

  it("are missed where an environment has none, unless theirs may be among what was refused", () => {
    const [workspace, strategy, prod] = REPOSITORY;
    const files = [workspace!, strategy!, prod!];
    const [finding, ...others] = findingsOf(files);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      file: WORKSPACE_AT,
      line: 8,
      severity: "warning",
      code: "environment-without-release",
      remedy: expect.stringContaining("releases/dev.yaml"),
    });
    const broken = {
      path: "releases/dev.yaml",
      text: PROD.replace("generation: 42", "generation: x"),
    };
    const codes = findingsOf([
      ...files,
      { ...broken, text: broken.text.replace("name: prod", "name: dev") },
    ]);
    expect(codes.map(({ code }) => code)).toEqual(["wrong-type"]);
  });

  it("must leave room for the names of their runs", () => {
    const name = "e".repeat(39);
    const files = REPOSITORY.map(({ path, text }) => ({
      path,
      text: text
        .replaceAll("name: prod\n", `name: ${name}\n`)
        .replace("{name: prod,", `{name: ${name},`),
    }));
    const findings = findingsOf(files);
    expect(places(findings)).toEqual([`${RELEASE_AT}:3:18 error run-name-too-long`]);
    expect(findings[0]?.message).toContain("names of 51 characters");
  });

  it("hold the digest of the strategy that was promoted", () => {
    const stale = `name: canary-first\n    digest: sha256:${"0".repeat(64)}`;
    const findings = findingsOf(edited("name: canary-first\n  kube", `${stale}\n  kube`));
    // It is promoted to: the edit may pass through the environment before it.
    expect(places(findings)).toEqual([`${RELEASE_AT}:7:13 warning digest-mismatch`]);
    const first = edited("name: canary-first\n  kube", `${stale}\n  kube`).map(
      ({ path, text }) => ({ path, text: text.replace(/ *promotesFrom: dev\n/, "") }),
    );
    expect(places(findingsOf(first))).toEqual([`${RELEASE_AT}:7:13 error digest-mismatch`]);
    const actual = digest.exec(findings[0]?.message ?? "")?.[1] ?? "";
    const right = `name: canary-first\n    digest: ${actual}\n  kube`;
    const pinned = edited("name: canary-first\n  kube", right);
    expect(findingsOf(pinned)).toEqual([]);
    // Looser verification is an edit as well.
    const loosened = pinned.map(({ path, text }) => ({
      path,
      text: text.replace("notReady: 1%", "notReady: 50%"),
    }));
    expect(places(findingsOf(loosened))).toEqual([`${RELEASE_AT}:7:13 warning digest-mismatch`]);
  });
});

describe("versions and pins", () => {
  const version = "  kubernetesVersion: 1.33.5\n";
  const images = PROD.slice(PROD.indexOf("  nodeImages:"), PROD.indexOf("  from:"));

  it.each<Case>([
    [
      "Full without a version",
      version,
      "  upgradeType: Full\n",
      `${RELEASE_AT}:5:3 error missing-kubernetes-version`,
    ],
    [
      "ControlPlaneOnly without a version",
      version,
      "  upgradeType: ControlPlaneOnly\n",
      `${RELEASE_AT}:5:3 error missing-kubernetes-version`,
    ],
    ["Full with a version", version, `  upgradeType: Full\n${version}`],
    ["node images without a version", version, ""],
    [
      "a version that is a channel",
      version,
      "  kubernetesVersion: stable\n",
      `${RELEASE_AT}:7:22 error bad-kubernetes-version`,
    ],
    ["no pins", images, "", `${RELEASE_AT}:5:3 error missing-node-images`],
    [
      "no pins for Full",
      images,
      "  upgradeType: Full\n",
      `${RELEASE_AT}:5:3 error missing-node-images`,
    ],
    ["no pins for a control plane", images, "  upgradeType: ControlPlaneOnly\n"],
    [
      "a family that is none",
      "AKSUbuntu-2404gen2containerd:",
      "Ubuntu:",
      `${RELEASE_AT}:9:5 error bad-image-family`,
    ],
    [
      "a family with a version",
      "AKSUbuntu-2404gen2containerd:",
      "AKSUbuntu-2404gen2containerd-202607.09.0:",
      `${RELEASE_AT}:9:5 error bad-image-family`,
    ],
    [
      "one family in two spellings",
      "AKSWindows-2022-containerd: 20348.3207.260714",
      "aksubuntu-2404gen2containerd: 202607.09.0",
      `${RELEASE_AT}:10:5 error duplicate-image-family`,
    ],
    [
      "one family, once with its version",
      "AKSWindows-2022-containerd: 20348.3207.260714",
      "AKSUbuntu-2404gen2containerd-202607.09.0: 202607.09.0",
      `${RELEASE_AT}:10:5 error duplicate-image-family`,
    ],
    [
      "a version that repeats the family",
      ": 202607.09.0",
      ": AKSUbuntu-2404gen2containerd-202607.09.0",
      `${RELEASE_AT}:9:35 error image-repeats-family`,
    ],
    [
      "a version that is none",
      ": 202607.09.0",
      ": latest",
      `${RELEASE_AT}:9:35 error bad-image-version`,
    ],
    [
      "a version without its patch",
      ": 202607.09.0",
      ': "202607.09"',
      `${RELEASE_AT}:9:35 error bad-image-version`,
    ],
    [
      "a version of a month that is none",
      ": 202607.09.0",
      ": 202613.09.0",
      `${RELEASE_AT}:9:35 error bad-image-version`,
    ],
    [
      "a version of another system",
      ": 20348.3207.260714",
      ": 202607.09.0",
      `${RELEASE_AT}:10:33 error bad-image-version`,
    ],
    [
      "a Windows version without its date",
      ": 20348.3207.260714",
      ': "20348.3207"',
      `${RELEASE_AT}:10:33 error bad-image-version`,
    ],
    ["a version of Azure Linux", "AKSUbuntu-2404gen2containerd:", "AKSAzureLinux-V2gen2:"],
    [
      "a complete version of a family that is not known here",
      "AKSWindows-2022-containerd: 20348.3207.260714",
      "AKSFlatcar-gen2: 4230.2.1",
    ],
    [
      "an incomplete version of a family that is not known here",
      "AKSWindows-2022-containerd: 20348.3207.260714",
      'AKSFlatcar-gen2: "4230.2"',
      `${RELEASE_AT}:10:22 error bad-image-version`,
    ],
    [
      "a Kubernetes version without its patch, to go to",
      version,
      `  upgradeType: Full\n  kubernetesVersion: "1.33"\n`,
      `${RELEASE_AT}:8:22 error bad-kubernetes-version`,
    ],
    [
      "a Kubernetes version without its patch, for the record",
      version,
      `  kubernetesVersion: "1.33"\n`,
    ],
  ])("%s", expectFinding);

  it.each([
    ["the day of publication", "2026-07-09", []],
    ["75 days later", "2026-09-22", []],
    ["76 days later", "2026-09-23", [`${RELEASE_AT}:9:35 warning pin-expires-soon`]],
    [
      "90 days later",
      "2026-10-07",
      [
        `${RELEASE_AT}:9:35 warning pin-expires-soon`,
        `${RELEASE_AT}:10:33 warning pin-expires-soon`,
      ],
    ],
    [
      "91 days later",
      "2026-10-08",
      [`${RELEASE_AT}:9:35 error pin-expired`, `${RELEASE_AT}:10:33 warning pin-expires-soon`],
    ],
  ])("on %s", (_, day, expected) => {
    expect(places(findingsOf(REPOSITORY, { now: Date.parse(day) }))).toEqual(expected);
  });

  it.each<readonly [string, string, readonly string[], readonly string[]]>([
    ["is supported", version, ["1.33.5", "1.34.1"], []],
    ["is of a supported minor version", version, ["1.33"], []],
    [
      "is no longer supported",
      version,
      ["1.34.1"],
      [`${RELEASE_AT}:7:22 warning kubernetes-version-unsupported`],
    ],
    [
      "is no longer supported, to go to",
      `  upgradeType: Full\n${version}`,
      ["1.3", "1.330", "1.34.1"],
      [`${RELEASE_AT}:8:22 error kubernetes-version-unsupported`],
    ],
  ])("a Kubernetes version that %s", (_, to, supported, expected) => {
    const live: LiveFleets = { supportedKubernetesVersions: supported };
    expect(places(findingsOf(edited(version, to), live))).toEqual(expected);
  });
});

describe("members", () => {
  it.each<Case>([
    [
      "in no stage",
      "group: green",
      "group: grey",
      `${WORKSPACE_AT}:17:29 error member-in-no-stage`,
      `${STRATEGY_AT}:14:18 warning group-without-members`,
    ],
    [
      "that leave a group empty",
      "        - {name: m3, group: green}\n",
      "",
      `${STRATEGY_AT}:14:18 warning group-without-members`,
    ],
    [
      "twice",
      "- {name: m3",
      "- {name: m3, group: green}\n        - {name: m3",
      `${WORKSPACE_AT}:18:18 error duplicate-member`,
    ],
    [
      "in a group with a space",
      "group: green",
      "group: gr een",
      `${WORKSPACE_AT}:17:29 error bad-name`,
      `${WORKSPACE_AT}:17:29 error member-in-no-stage`,
      `${STRATEGY_AT}:14:18 warning group-without-members`,
    ],
    ["in their stages", "name: m3", "name: m4"],
  ])("that are declared %s", (_, from, to, ...expected) => {
    expect(places(findingsOf(edited(from, to, WITH_MEMBERS)))).toEqual(expected);
  });

  const live = (members: readonly (readonly [string, string | undefined])[]): LiveFleets => ({
    members: new Map([
      [`${FLEET}-prod`.toUpperCase(), members.map(([name, group]) => ({ name, group }))],
    ]),
  });

  it("of the live fleet are all in a stage", () => {
    const members = live([
      ["a", "prod-canary"],
      ["b", "blue"],
      ["c", "green"],
      ["d", "green"],
    ]);
    expect(findingsOf(REPOSITORY, members)).toEqual([]);
  });

  it("of the live fleet without a group, or in the group's declared name, are in no stage", () => {
    const members = live([
      ["a", "canary"],
      ["b", "blue"],
      ["c", "green"],
      ["d", undefined],
    ]);
    const findings = findingsOf(REPOSITORY, members);
    expect(places(findings)).toEqual([
      `${WORKSPACE_AT}:11:14 error member-in-no-stage`,
      `${STRATEGY_AT}:8:18 warning group-without-members`,
    ]);
    expect(findings[0]?.message).toBe(
      "members a (group canary), d (no group) are in no stage of canary-first, so no run upgrades them",
    );
  });

  it("of a shared fleet may be in the stages of either environment", () => {
    const shared = REPOSITORY.map(({ path, text }) => ({
      path,
      text: text.replace(
        `${FLEET}\n`,
        `${FLEET}-prod\n      groups: {canary: dev-1, blue: dev-2, green: dev-3}\n`,
      ),
    }));
    const dev = { path: DEV_AT, text: PROD.replace("{name: prod,", "{name: dev,") };
    const members = live([
      ["p1", "prod-canary"],
      ["p2", "blue"],
      ["p3", "green"],
      ["d1", "dev-1"],
      ["d2", "dev-2"],
      ["d3", "dev-3"],
    ]);
    const others = shared.filter(({ path }) => path !== DEV_AT);
    expect(findingsOf([...others, dev], members)).toEqual([]);
    expect(places(findingsOf(others, members))).toEqual([
      `${WORKSPACE_AT}:8:13 warning environment-without-release`,
      `${WORKSPACE_AT}:12:14 error member-in-no-stage`,
    ]);
  });
});

function expectFinding(_: string, from: string, to: string, ...expected: string[]): void {
  expect(places(findingsOf(edited(from, to)))).toEqual(expected);
}

describe("failed members that Fleet may go on past", () => {
  const CANARY = "      groups:\n        - {name: canary}";
  const both =
    '      maxAllowedFailures: "2"\n      groups:\n        - {name: canary, maxAllowedFailures: 50%}';
  it.each<Case>([
    [
      "behind a gate of ours",
      CANARY,
      both,
      `${STRATEGY_AT}:7:27 warning failures-tolerated stage canary tolerates 2 failed members: Fleet upgrades the rest of canary past them; the gate before rest then stays closed until each is skipped, or a person approves it — nothing, if that is meant; "0" stops the run at the first failure`,
    ],
    [
      "of the stage alone",
      CANARY,
      `      maxAllowedFailures: "2"\n${CANARY}`,
      `${STRATEGY_AT}:7:27 warning failures-stop-the-run stage canary tolerates 2 failed members, but none of its groups does: each level counts for itself, and the first failure stops the run — set maxAllowedFailures of its groups too, or remove this one`,
    ],
    [
      "of a group alone",
      "- {name: canary}",
      '- {name: canary, maxAllowedFailures: "1"}',
      `${STRATEGY_AT}:8:46 warning failures-stop-the-run group canary tolerates 1 failed member, but stage canary does not: each level counts for itself, and the first failure stops the run — set maxAllowedFailures of stage canary too, or remove this one`,
    ],
    [
      "in the last stage",
      '{name: green, maxConcurrency: "5"}\n      maxConcurrency: 25%',
      "{name: green, maxAllowedFailures: 25%}\n      maxAllowedFailures: 25%",
      `${STRATEGY_AT}:15:27 warning failures-tolerated stage rest tolerates failures of 25% of its members: Fleet upgrades the rest of rest past them; the run then counts as failed here, although Fleet calls it Completed — nothing, if that is meant; "0" stops the run at the first failure`,
    ],
  ])("%s", (_, text, replacement, ...expected) => {
    const findings = findingsOf([{ path: STRATEGY_AT, text: STRATEGY.replace(text, replacement) }]);
    expect(findings.map(formatFinding)).toEqual(expected);
  });

  it("behind no gate but a wait: the next stage would begin", () => {
    const text = STRATEGY.replace(CANARY, both)
      .replace(/ {6}afterGates: .*\n/, "")
      .replace(/ {6}beforeGates: .*\n/, "")
      .replace(/^verification:[^]*/m, "");
    expect(findingsOf([{ path: STRATEGY_AT, text }]).map(formatFinding)).toEqual([
      `${STRATEGY_AT}:7:27 error failures-reach-next-stage stage canary tolerates 2 failed members, and no gate stands between canary and rest: Fleet would begin rest while they are failed — add a gate to the afterGates of canary, or set "0"`,
    ]);
  });

  it("in what `az fleet updatestrategy show` prints: null is what is not set", () => {
    const shown = {
      apiVersion: "fleetwright.dev/v1alpha1",
      kind: "UpdateStrategy",
      metadata: { name: "shown" },
      spec: {
        stages: [
          {
            afterGates: null,
            afterStageWaitInSeconds: 0,
            beforeGates: null,
            groups: [
              {
                afterGates: null,
                beforeGates: null,
                maxAllowedFailures: "0",
                maxConcurrency: null,
                memberSelector: null,
                name: "all",
              },
            ],
            maxAllowedFailures: null,
            maxConcurrency: "50",
            memberSelector: null,
            name: "only",
          },
        ],
      },
    };
    const path = "strategies/shown.json";
    expect(findingsOf([{ path, text: JSON.stringify(shown, undefined, 2) }])).toEqual([]);
  });
});
