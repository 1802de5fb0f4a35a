import { armKey, parseArmId } from "../../shared/core/arm-id.ts";
import type { ArmId } from "../../shared/core/arm-id.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { someOf } from "../terminal.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** What ARM says of the members' clusters: is it there, does it run, does somebody else upgrade it. Pure. */
export function judgeClusters(
  members: readonly ArmId[],
  clusters: readonly ManagedCluster[],
): readonly Diagnosis[] {
  return [
    ...judgePresence(members, clusters),
    ...judgeAutoUpgrade(clusters),
    ...judgeUndrainableNodes(clusters),
  ];
}

function judgePresence(
  members: readonly ArmId[],
  clusters: readonly ManagedCluster[],
): readonly Diagnosis[] {
  const seen = new Set(clusters.map(({ id }) => armKey(id)));
  const absent = members.filter((id) => !seen.has(armKey(id)));
  const stopped = clusters.filter(({ powerState }) => powerState === "Stopped");
  const unwell = clusters.filter(({ provisioningState }) => provisioningState !== "Succeeded");
  const found = [
    group("clusters", "error", absent, (names) => ({
      message: `members name clusters that this identity cannot see: ${names}`,
      remedy: "grant the role on them, or remove their members: az fleet member delete",
    })),
    group(
      "clusters",
      "warning",
      stopped.map(({ id }) => id),
      (names) => ({
        message: `stopped, an update run fails there: ${names}`,
        remedy: "az aks start, or remove the member from the run's groups",
      }),
    ),
    group(
      "clusters",
      "warning",
      unwell.map(({ id }) => id),
      (names) => ({
        message: `provisioning state is not Succeeded: ${names}`,
        remedy: "az aks show, then az aks update to reconcile; an upgrade may be under way",
      }),
    ),
  ].flat();
  if (found.length > 0) return found;
  return [{ topic: "clusters", verdict: "ok", message: `${clusters.length} found, all running` }];
}

/** AKS that upgrades by itself undoes pins between two runs. */
function judgeAutoUpgrade(clusters: readonly ManagedCluster[]): readonly Diagnosis[] {
  const upgraded = clusters.filter(({ autoUpgrade }) => isOn(autoUpgrade?.channel));
  const imaged = clusters.filter(({ autoUpgrade }) => isImage(autoUpgrade?.nodeOsChannel));
  const patched = clusters.filter(({ autoUpgrade }) => autoUpgrade?.nodeOsChannel === "Unmanaged");
  const silent = clusters.filter(({ autoUpgrade }) => autoUpgrade === undefined);
  const found = [
    group(
      "auto-upgrade",
      "error",
      upgraded.map(({ id }) => id),
      (names) => ({
        message: `AKS upgrades Kubernetes by itself on ${names}: releases do not hold`,
        remedy: "az aks update -g <group> -n <cluster> --auto-upgrade-channel none",
      }),
    ),
    group(
      "auto-upgrade",
      "error",
      imaged.map(({ id }) => id),
      (names) => ({
        message: `AKS changes node images by itself on ${names}: pins do not hold`,
        remedy: "az aks update -g <group> -n <cluster> --node-os-upgrade-channel None",
      }),
    ),
    group(
      "auto-upgrade",
      "warning",
      patched.map(({ id }) => id),
      (names) => ({
        message: `the nodes of ${names} patch themselves at night (Unmanaged): equal images may differ`,
        remedy: "az aks update -g <group> -n <cluster> --node-os-upgrade-channel None",
      }),
    ),
    group(
      "auto-upgrade",
      "unknown",
      silent.map(({ id }) => id),
      (names) => ({
        message: `AKS does not say which channels are set on ${names}`,
        remedy: "az aks show -g <group> -n <cluster> --query autoUpgradeProfile",
      }),
    ),
  ].flat();
  if (found.length > 0) return found;
  return [{ topic: "auto-upgrade", verdict: "ok", message: "no cluster upgrades by itself" }];
}

function isOn(channel: string | undefined): boolean {
  return channel !== undefined && channel.toLowerCase() !== "none";
}

function isImage(channel: string | undefined): boolean {
  return channel === "NodeImage" || channel === "SecurityPatch";
}

/** Under `Schedule` one node that cannot be drained fails its whole pool, and so its member and its run. */
function judgeUndrainableNodes(clusters: readonly ManagedCluster[]): readonly Diagnosis[] {
  const pools = clusters.flatMap((cluster) =>
    cluster.nodePools.filter(({ undrainableNodeBehavior }) => undrainableNodeBehavior !== "Cordon"),
  );
  const found = group(
    "undrainable-nodes",
    "warning",
    pools.map(({ id }) => id),
    (names) => ({
      message: `one blocked node fails the whole upgrade (Schedule) of ${names}`,
      remedy:
        "az aks nodepool update -g <group> --cluster-name <cluster> -n <pool> --undrainable-node-behavior Cordon",
    }),
  );
  if (found.length > 0) return found;
  return [
    { topic: "undrainable-nodes", verdict: "ok", message: "every pool quarantines (Cordon)" },
  ];
}

/** One finding however many it is about, and none when it is about nobody. */
function group(
  topic: Diagnosis["topic"],
  verdict: Diagnosis["verdict"],
  ids: readonly ArmId[],
  say: (names: string) => Pick<Diagnosis, "message" | "remedy">,
): readonly Diagnosis[] {
  if (ids.length === 0) return [];
  const names = ids.map(shortName);
  const told = { ...say(names.join(", ")), brief: say(someOf(names)).message };
  return [{ topic, verdict, ...told, subjects: ids }];
}

/** `cluster`, or `cluster/pool`. */
function shortName(id: ArmId): string {
  return parseArmId(id).names.join("/");
}
