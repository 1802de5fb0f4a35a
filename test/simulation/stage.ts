import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../../shared/core/kubernetes-labels.ts";
import type { Cluster, World } from "../../shared/simulator/model.ts";
import { createWorld } from "../../shared/simulator/world.ts";
import type { Chance } from "./chance.ts";
import { clusterId, FLEET } from "./cloud.ts";

export const START = Date.parse("2026-07-06T08:00:00Z");
export const FAMILY = "AKSUbuntu-2204gen2containerd";
export const IMAGES = ["202606.16.0", "202607.09.0", "202607.16.0"] as const;
export const OURS = "fleetwright: verified";
const REGIONS = ["westeurope", "northeurope"] as const;
const MEMBERS = [
  { name: "texel", group: "one" },
  { name: "galway", group: "two" },
  { name: "cork", group: "three" },
  { name: "dublin", group: "three" },
] as const;

const WORKSPACE = `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: prod, fleet: ${FLEET}}
`;

/** Our gate stands after the first stage, or before the second one: both hold the second back. */
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

const BEFORE_SECOND = AFTER_FIRST.replace(/^ *afterGates: .*\n/m, "")
  .replace(
    "- name: second\n",
    `- name: second\n      beforeGates: [{displayName: "${OURS}", type: Approval}]\n`,
  )
  .replace("  first: {approves", "  second: {approves");

const RELEASE = `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: prod, generation: 1}
spec:
  strategy: {name: staged}
  nodeImages: {${FAMILY}: "${IMAGES[0]}"}
`;

export function declaredFiles(chance: Chance) {
  const strategy = chance.happens(0.5) ? AFTER_FIRST : BEFORE_SECOND;
  return [
    { path: "fleetwright.yaml", text: WORKSPACE },
    { path: "releases/prod.yaml", text: RELEASE },
    { path: "strategies/staged.yaml", text: strategy },
  ];
}

/** Four small clusters in two regions; some have an application that may not be disrupted. */
export function setStage(seed: number, chance: Chance): World {
  const world = createWorld({ seed, start: START });
  for (const region of REGIONS) world.images.release(region, image(0));
  const fleet = world.addFleet(FLEET);
  for (const [index, member] of MEMBERS.entries()) {
    const blocked = chance.happens(0.25);
    world.addCluster({
      id: clusterId(member.name),
      name: member.name,
      region: REGIONS[index % 2] ?? REGIONS[0],
      kubernetesVersion: "1.32.7",
      ready: true,
      pools: [
        {
          name: "apps",
          mode: "System",
          osType: "Linux",
          osSku: "Ubuntu",
          vmSize: "Standard_D4s_v5",
          count: 2 + chance.below(2),
          kubernetesVersion: "1.32.7",
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

export function releaseImage(world: World, index: number): void {
  for (const region of REGIONS) world.images.release(region, image(index));
}

export function quarantinedNodes(cluster: Cluster): readonly string[] {
  return [...cluster.nodes.values()]
    .filter(({ labels }) => labels[UPGRADE_STATUS_LABEL] === QUARANTINED)
    .map(({ name }) => name);
}
