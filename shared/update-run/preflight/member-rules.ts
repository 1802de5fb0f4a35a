import { judgeQuota } from "../../blue-green/quota.ts";
import { windowAt } from "../../simulator/maintenance-window.ts";
import type { NodePool } from "../../snapshot/ports.ts";
import { shortOfAddresses } from "./addresses.ts";
import { isUnsatisfiable } from "./budget.ts";
import type { MemberFacts, PreflightFacts } from "./facts.ts";
import type { Concern, PreflightRule } from "./rule.ts";
import { surgeNodes } from "./surge.ts";

const BUSY = new Set(["Creating", "Updating", "Upgrading", "Starting", "Stopping", "Scaling"]);

/** Of each member: its cluster, its node pools, its nodes. */
export const MEMBER_RULES: readonly PreflightRule[] = [
  {
    name: "cluster-stopped",
    verdicts: ["block", "skip", "wait", "warn"],
    // Source: AKS#5655, one stopped cluster fails the whole run.
    remedy: "start it, or skip it: a stopped cluster fails the whole run",
    judge: eachMember(({ cluster }) =>
      cluster.powerState === "Stopped" ? ["its cluster is stopped"] : [],
    ),
  },
  {
    name: "cluster-busy",
    verdicts: ["wait", "block", "skip", "warn"],
    remedy: "wait until its operation is over",
    judge: eachMember(({ cluster }) => [
      ...(BUSY.has(cluster.provisioningState)
        ? [`its cluster is ${cluster.provisioningState}`]
        : []),
      ...poolsThat(cluster.nodePools, (pool) => isBusy(pool.provisioningState), "busy"),
    ]),
  },
  {
    name: "cluster-failed",
    verdicts: ["block", "skip", "warn"],
    remedy: "bring it to Succeeded first: az aks update, or the quarantine action",
    judge: eachMember(({ cluster }) => [
      ...(cluster.provisioningState === "Failed" ? ["its cluster is Failed"] : []),
      ...poolsThat(cluster.nodePools, (pool) => pool.provisioningState === "Failed", "Failed"),
    ]),
  },
  {
    name: "cluster-auto-upgrade",
    verdicts: ["warn", "block", "skip"],
    remedy: "set its auto-upgrade channels to none: AKS moves on from the pins by itself",
    judge: eachMember(({ cluster }) => {
      const { channel = "none", nodeOsChannel = "None" } = cluster.autoUpgrade ?? {};
      return [
        ...(isOn(channel) ? [`upgrades itself by the channel ${channel}`] : []),
        ...(isOn(nodeOsChannel) ? [`renews its node images by the channel ${nodeOsChannel}`] : []),
      ];
    }),
  },
  {
    name: "outside-window",
    verdicts: ["warn", "wait", "block", "skip"],
    // Source: learn.microsoft.com/azure/kubernetes-fleet/concepts-update-orchestration, planned maintenance
    remedy: "wait until it opens, or change it: until then Fleet leaves the member Pending",
    judge: (facts) => eachMember((member) => outsideWindow(member, facts))(facts),
  },
  {
    name: "pool-on-schedule",
    verdicts: ["warn", "block"],
    remedy:
      "set undrainableNodeBehavior to Cordon: a node that cannot be drained then stays, visibly",
    judge: eachMember(({ cluster }) =>
      poolsThat(
        cluster.nodePools,
        (pool) => pool.undrainableNodeBehavior === "Schedule",
        "on Schedule",
      ),
    ),
  },
  {
    name: "pool-from-snapshot",
    verdicts: ["warn", "block"],
    remedy:
      "with Latest Fleet leaves its image as it is; with Custom and Consistent it forgets the snapshot",
    judge: eachMember(({ cluster }) =>
      poolsThat(cluster.nodePools, (pool) => pool.snapshotId !== undefined, "made from a snapshot"),
    ),
  },
  {
    name: "quarantined-nodes",
    verdicts: ["block", "skip", "warn"],
    remedy: "free them first: action quarantine",
    judge: eachMember(({ nodes }) =>
      nodes?.visible
        ? nodes.nodes
            .filter(({ quarantined }) => quarantined)
            .map(({ name }) => `node ${name} is quarantined`)
        : [],
    ),
  },
  {
    name: "old-image-nodes",
    verdicts: ["warn", "block", "skip"],
    remedy: "an earlier upgrade left them behind: drain what holds them",
    judge: eachMember(leftBehind),
  },
  {
    name: "unsatisfiable-budget",
    verdicts: ["warn", "block", "skip"],
    remedy: "let the budget allow one disruption: its nodes cannot be drained",
    judge: eachMember(({ budgets }) =>
      (budgets ?? [])
        .filter(isUnsatisfiable)
        .map(({ namespace, name }) => `budget ${namespace}/${name} allows no disruption`),
    ),
  },
  {
    name: "nodes-not-seen",
    verdicts: ["warn", "block", "skip"],
    remedy: "grant the operator's role on its Kubernetes API, or let a person approve its gates",
    judge: eachMember(({ nodes }) => (nodes?.visible === false ? [nodes.reason] : [])),
  },
  {
    name: "quota",
    verdicts: ["block", "warn", "skip"],
    remedy: "raise the quota, or lower the pool's maxSurge",
    judge: (facts) => eachMember((member) => shortOfQuota(member, facts))(facts),
  },
  {
    name: "subnet-addresses",
    verdicts: ["block", "warn", "skip"],
    // Source: learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-code-subnetisfull-upgrade
    remedy:
      "free addresses in the subnet, or lower the pools' maxSurge: the upgrade would end with SubnetIsFull",
    judge: (facts) => eachMember(({ cluster }) => shortOfAddresses(cluster, facts.networks))(facts),
  },
];

function eachMember(
  judge: (member: MemberFacts) => readonly string[],
): (facts: PreflightFacts) => readonly Concern[] {
  return ({ members }) =>
    members.flatMap((member) =>
      judge(member).map((message) => ({ subject: member.name, member: member.name, message })),
    );
}

function isBusy(state: string): boolean {
  return BUSY.has(state) || state === "UpgradingNodeImageVersion" || state === "Deleting";
}

function isOn(channel: string): boolean {
  return !["none", "unmanaged", ""].includes(channel.toLowerCase());
}

function poolsThat(
  pools: readonly NodePool[],
  is: (pool: NodePool) => boolean,
  what: string,
): readonly string[] {
  const names = pools.filter(is).map(({ name }) => name);
  if (names.length === 0) return [];
  const subject = names.length === 1 ? "node pool" : "node pools";
  return [`${subject} ${names.join(", ")} ${names.length === 1 ? "is" : "are"} ${what}`];
}

function outsideWindow({ window }: MemberFacts, { now }: PreflightFacts): readonly string[] {
  if (window === undefined || window === "none") return [];
  const state = windowAt(window, now);
  if (state.open) return [];
  if (state.opensAt === undefined) return ["its maintenance window never opens"];
  return [`its maintenance window is closed until ${new Date(state.opensAt).toISOString()}`];
}

/** Under `Schedule` a node that could not be drained keeps its old image although the pool says the new one. */
function leftBehind({ cluster, nodes }: MemberFacts): readonly string[] {
  if (!nodes?.visible) return [];
  const images = new Map(cluster.nodePools.map((pool) => [pool.name, pool.nodeImageVersion]));
  return nodes.nodes.flatMap((node) => {
    const image = images.get(node.nodePool);
    if (image === undefined || image === node.nodeImageVersion) return [];
    return [`node ${node.name} runs ${node.nodeImageVersion}, its pool says ${image}`];
  });
}

/** Surge nodes stand beside the nodes that they replace: less than that many free vCPUs stop the pool. */
function shortOfQuota({ cluster }: MemberFacts, { quotas }: PreflightFacts): readonly string[] {
  const known = quotas.get(cluster.location);
  if (known === undefined) return [];
  return cluster.nodePools.flatMap((pool) => {
    const { name, vmSize } = pool;
    const surge = surgeNodes(pool);
    const verdict = judgeQuota(known, { vmSize, count: surge });
    if (verdict.kind !== "short") return [];
    return [`no room for ${surge} surge nodes of pool ${name}: ${verdict.reason}`];
  });
}
