import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../../shared/core/kubernetes-labels.ts";
import type { Cluster, World } from "../../shared/simulator/model.ts";
import { createWorld } from "../../shared/simulator/world.ts";
import { createChance, type Chance } from "./chance.ts";
import { clusterId, FLEET } from "./cloud.ts";
import { ALL_VERSIONS, FIRST_VERSION, proposalOf } from "./versions.ts";

export const START = Date.parse("2026-07-06T08:00:00Z");
export const FAMILY = "AKSUbuntu-2204gen2containerd";
export const IMAGES = ["202606.16.0", "202607.09.0", "202607.16.0"] as const;
export const OURS = "fleetwright: verified";
const REGIONS = ["westeurope", "northeurope"] as const;
const MEMBERS = [
  { name: "texel", group: "one", region: "westeurope" },
  { name: "galway", group: "two", region: "northeurope" },
  { name: "cork", group: "three", region: "westeurope" },
  { name: "dublin", group: "three", region: "northeurope" },
] as const;
/** A member in each stage and in each region: what is smaller shows nothing, what is larger shows more of the same. */
const FEWEST: readonly string[] = ["texel", "dublin"];

const WORKSPACE = `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: prod, fleet: ${FLEET}}
`;

function workspaceOf(scenario: number): string {
  const propose = proposalOf(scenario);
  return propose ? WORKSPACE.replace("}\n", `, kubernetes: {propose: ${propose}}}\n`) : WORKSPACE;
}

/** Our gate stands after the first stage. */
const AFTER_FIRST = `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: staged}
spec:
  stages:
    - name: first
      groups: [{name: one}, {name: two}]
      afterStageWaitInSeconds: 3600
      afterGates: [{displayName: "${OURS}", type: Approval}]
    - name: second
      groups: [{name: three}]
verification:
  first: {approves: "${OURS}"}
`;

/** Or before the second one: both hold the second back. */
const BEFORE_SECOND = AFTER_FIRST.replace(/^ *afterGates: .*\n/m, "")
  .replace(
    "- name: second\n",
    `- name: second\n      beforeGates: [{displayName: "${OURS}", type: Approval}]\n`,
  )
  .replace("  first: {approves", "  second: {approves");

/** What runs on the nodes is looked at too, and the team has its say. */
const CHECKED = AFTER_FIRST.replace(
  `{approves: "${OURS}"}`,
  `{approves: "${OURS}", checks: [nodes, workloads, team], workloads: {namespaces: [harbour]}, team: {workflow: smoke.yml}}`,
);

/** We only watch: the gate is a person's to open. */
const OBSERVED = AFTER_FIRST.replace(
  `{approves: "${OURS}"}`,
  `{approves: "${OURS}", mode: observe}`,
);

/** Where nobody is in a group, the strategy does not name it. */
const withoutGroupTwo = (strategy: string): string => strategy.replace(", {name: two}", "");

const STRATEGIES = [AFTER_FIRST, BEFORE_SECOND, CHECKED, OBSERVED];

export function isObserved(scenario: number): boolean {
  return strategyOf(scenario) === OBSERVED;
}

/** How much there is to upgrade, and how often: mostly little, since schedules differ more by their faults. */
interface Shape {
  readonly members: readonly (typeof MEMBERS)[number][];
  readonly leastNodes: number;
  /** Images that come out, one after the other. */
  readonly images: number;
}

function shapeOf(scenario: number): Shape {
  const chance = createChance(scenario ^ 0x2c1b3c6d);
  const large = chance.happens(0.2);
  return {
    members: large ? MEMBERS : MEMBERS.filter(({ name }) => FEWEST.includes(name)),
    leastNodes: large ? 2 : 1,
    images: chance.happens(0.3) ? 2 : 1,
  };
}

/** What everything runs in the end. */
export function lastImage(scenario: number): string {
  return image(shapeOf(scenario).images);
}

function strategyOf(scenario: number): string {
  return STRATEGIES[scenario % STRATEGIES.length] ?? AFTER_FIRST;
}

const RELEASE = `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: prod, generation: 1}
spec:
  strategy: {name: staged}
  nodeImages: {${FAMILY}: "${IMAGES[0]}"}
`;

export function declaredFiles(scenario: number) {
  const strategy = strategyOf(scenario);
  const whole = shapeOf(scenario).members.some(({ group }) => group === "two");
  return [
    { path: "fleetwright.yaml", text: workspaceOf(scenario) },
    { path: "releases/prod.yaml", text: RELEASE },
    { path: "strategies/staged.yaml", text: whole ? strategy : withoutGroupTwo(strategy) },
  ];
}

/** Different worlds; the fault-free end of each is known once and compared with every schedule on it. */
export const SCENARIOS = 64;

/** A few small clusters in two regions; some have an application that may not be disrupted. */
export function setStage(scenario: number): World {
  const chance = createChance(scenario ^ 0x5bd1e995);
  const world = createWorld({
    seed: scenario,
    start: START,
    kubernetesVersions: ALL_VERSIONS,
  });
  for (const region of REGIONS) world.images.release(region, image(0));
  const fleet = world.addFleet(FLEET);
  const { members, leastNodes } = shapeOf(scenario);
  for (const member of members) {
    const blocked = chance.happens(0.25);
    world.addCluster({
      id: clusterId(member.name),
      name: member.name,
      region: member.region,
      kubernetesVersion: FIRST_VERSION,
      ready: true,
      pools: [
        {
          name: "apps",
          mode: "System",
          osType: "Linux",
          osSku: "Ubuntu",
          vmSize: "Standard_D4s_v5",
          count: leastNodes + chance.below(2),
          kubernetesVersion: FIRST_VERSION,
          nodeImageVersion: image(0),
          upgradeSettings: {
            maxSurge: "2",
            undrainableNodeBehavior: chance.happens(0.8) ? "Cordon" : "Schedule",
          },
        },
      ],
      workloads: [
        {
          kind: "Deployment",
          namespace: "harbour",
          name: "tide",
          replicas: 2,
          labels: { app: "tide" },
        },
      ],
      budgets: [
        {
          namespace: "harbour",
          name: "tide",
          selector: { app: "tide" },
          ...(blocked ? { minAvailable: 2 } : { maxUnavailable: 1 }),
        },
      ],
    });
    fleet.putMember({ name: member.name, clusterId: clusterId(member.name), group: member.group });
  }
  return world;
}

export function image(index: number): string {
  return `${FAMILY}-${IMAGES[index]}`;
}

/** When an image reaches a region. */
export interface Release {
  readonly at: number;
  readonly region: string;
  readonly image: number;
}

const MINUTE = 60_000;

/** Images on their way through the regions; the second may overtake the first. */
export function drawReleases(scenario: number, chance: Chance, calm: boolean): readonly Release[] {
  const within = (least: number, most: number): number =>
    (calm ? least : least + chance.below(most - least)) * MINUTE;
  return [within(1, 15), within(45, 200)]
    .slice(0, shapeOf(scenario).images)
    .flatMap((start, index) =>
      REGIONS.map((region, place) => ({
        at: START + start + (place === 0 ? 0 : within(1, chance.happens(0.75) ? 25 : 120)),
        region,
        image: index + 1,
      })),
    );
}

export function quarantinedNodes(cluster: Cluster): readonly string[] {
  return [...cluster.nodes.values()]
    .filter(({ labels }) => labels[UPGRADE_STATUS_LABEL] === QUARANTINED)
    .map(({ name }) => name);
}
