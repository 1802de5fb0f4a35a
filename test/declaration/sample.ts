import { lint, type LiveFleets } from "../../shared/declaration/lint.ts";
import { formatFinding, type Finding } from "../../shared/declaration/finding.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import type { DeclaredFile } from "../../shared/declaration/read-documents.ts";

export const FLEET =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/harbour";

const WORKSPACE = `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  freezes:
    - {name: year-end, from: 2026-12-18, to: 2027-01-04, timezone: Europe/Berlin}
  snapshots: {capture: [outgoing, proven], keep: 4}
  environments:
    - name: dev
      fleet: ${FLEET}
    - name: prod
      fleet: ${FLEET}-prod
      promotesFrom: dev
      groups: {canary: prod-canary}
      approvers: [platform-leads]
      nodeImage: {soak: 72h}
`;

/** Members of prod that the repository keeps itself; they go before `approvers`. */
const MEMBERS = `      members:
        - {name: m1, group: prod-canary}
        - {name: m2, group: blue}
        - {name: m3, group: green}
`;

export const STRATEGY = `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary-first}
spec:
  stages:
    - name: canary
      groups:
        - {name: canary}
      afterStageWaitInSeconds: 86400
      afterGates: [{displayName: "fleetwright: verified", type: Approval}]
    - name: rest
      groups:
        - {name: blue}
        - {name: green, maxConcurrency: "5"}
      maxConcurrency: 25%
      beforeGates: [{displayName: CAB, type: Approval}]
verification:
  canary:
    approves: "fleetwright: verified"
    checks: [nodes]
    tolerate: {notReady: 1%}
    mayShortenTo: 4h
`;

export const PROD = `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: prod, generation: 42}
spec:
  strategy:
    name: canary-first
  kubernetesVersion: 1.33.5
  nodeImages:
    AKSUbuntu-2404gen2containerd: 202607.09.0
    AKSWindows-2022-containerd: 20348.3207.260714
  from: {environment: dev, generation: 57}
`;

/** Of dev, in JSON: so that a text that is replaced in the release of prod is not replaced here as well. */
const DEV = JSON.stringify({
  apiVersion: "fleetwright.dev/v1alpha1",
  kind: "Release",
  metadata: { name: "dev", generation: 57 },
  spec: {
    strategy: { name: "one-by-one" },
    nodeImages: { "AKSUbuntu-2404gen2containerd": "202610.01.0" },
  },
});

/** The stages file of the Fleet documentation, unchanged. */
export const EXAMPLE_STAGES = `{
  "stages": [
    {
      "name": "stage1",
      "groups": [
        {
          "name": "group-1a"
        },
        {
          "name": "group-1b"
        },
        {
          "name": "group-1c"
        }
      ],
      "afterStageWaitInSeconds": 3600
    },
    {
      "name": "stage2",
      "groups": [
        {
          "name": "group-2a"
        },
        {
          "name": "group-2b"
        },
        {
          "name": "group-2c"
        }
      ]
    }
  ]
}
`;

export const REPOSITORY: readonly DeclaredFile[] = [
  { path: "fleetwright.yaml", text: WORKSPACE },
  { path: "strategies/canary-first.yaml", text: STRATEGY },
  { path: "releases/prod.yaml", text: PROD },
  { path: "releases/dev.json", text: DEV },
];

/** The sample repository with one text replaced; the text must be there. */
export function edited(
  from: string,
  to: string,
  files: readonly DeclaredFile[] = REPOSITORY,
): readonly DeclaredFile[] {
  if (!files.some(({ text }) => text.includes(from))) throw new Error(`no text: ${from}`);
  return files.map(({ path, text }) => ({ path, text: text.replace(from, to) }));
}

/** The sample repository whose prod lists its members. */
export const WITH_MEMBERS = edited("      approvers:", `${MEMBERS}      approvers:`);

/** Findings of parser and lint, as a person reads them: `file:line:column severity code …`. */
export function findingsOf(files: readonly DeclaredFile[], live?: LiveFleets): readonly Finding[] {
  const declarations = parseDeclarations(files);
  return [...declarations.findings, ...lint(declarations, live)];
}

/** `file:line:column severity code` of each finding. */
export function places(findings: readonly Finding[]): readonly string[] {
  return findings.map((finding) => formatFinding(finding).split(" ").slice(0, 3).join(" "));
}
