import { judgeQuota } from "../../blue-green/quota.ts";
import { subnetsUnknown } from "./addresses.ts";
import { compareVersions, parseNodeImage } from "../../core/node-image.ts";
import { regionKey } from "./facts.ts";
import type { MemberFacts, PreflightFacts } from "./facts.ts";

/** Names in one sentence; the rest is counted. */
const MAX_NAMED = 10;

/** What a preflight did not look at, or could not: sentences. What is unknown never passes for good. Pure. */
export function uncheckedOf(facts: PreflightFacts): readonly string[] {
  const { members, profiles, newestImages, kubernetesVersions } = facts;
  const running = members.filter(({ cluster }) => cluster.powerState === "Running");
  const unread = (map: ReadonlyMap<string, unknown>) =>
    [...map].filter(([, value]) => value === undefined).map(([region]) => region);
  return [
    ...beyondBound(running),
    ...told(
      namesOf(running, ({ nodes, budgets }) => nodes?.visible === true && budgets === undefined),
      (names) =>
        `budgets of ${names} could not be read (managedClusters/policy/poddisruptionbudgets/read)`,
    ),
    ...told(
      namesOf(running, ({ nodes, window }) => nodes !== undefined && window === undefined),
      (names) =>
        `maintenance windows of ${names} could not be read (managedClusters/maintenanceConfigurations/read)`,
    ),
    ...(profiles === undefined ? ["Fleet's auto-upgrade profiles could not be read"] : []),
    ...quotasUnknown(facts),
    ...addressesUnknown(facts),
    ...told(unread(newestImages), (names) => `newest images of ${names} could not be read`),
    ...olderPins(facts),
    ...told(
      unread(kubernetesVersions),
      (names) => `Kubernetes versions of ${names} could not be read`,
    ),
  ];
}

/** Azure names the newest image of a region only: an older one is known where a node pool runs it. */
function olderPins({ spec, members, newestImages }: PreflightFacts): readonly string[] {
  const pins = spec.nodeImageSelection.customNodeImageVersions ?? [];
  return pins.flatMap((pin) => {
    const { family, version } = parseNodeImage(pin);
    const regions = new Set(members.map(({ cluster }) => cluster.location));
    const unsure = [...regions].filter((region) => {
      const newest = newestImages.get(regionKey(region, family));
      return newest !== undefined && compareVersions(newest, version) > 0;
    });
    const runs = (region: string) =>
      members.some(
        ({ cluster }) =>
          cluster.location === region &&
          cluster.nodePools.some(({ nodeImageVersion }) => nodeImageVersion === pin),
      );
    return told(
      unsure.filter((region) => !runs(region)),
      (names) =>
        `whether ${names} has ${pin}: Azure names only the newest image, and no node pool runs this one`,
    );
  });
}

/** Undefined of a running cluster: the member came after as many as were to be looked at. */
function beyondBound(running: readonly MemberFacts[]): readonly string[] {
  return told(
    namesOf(running, ({ nodes }) => nodes === undefined),
    (names) => `nodes, budgets and windows of ${names}: preflight-members ends before them`,
  );
}

function quotasUnknown({ members, quotas, spec }: PreflightFacts): readonly string[] {
  const hidden = [...quotas].flatMap(([region, known]) =>
    known.readable ? [] : [`quotas of ${region} could not be read: ${known.reason}`],
  );
  if (spec.upgradeType === "ControlPlaneOnly") return hidden;
  const sizes = new Set(
    members.flatMap(({ cluster }) => cluster.nodePools.map(({ vmSize }) => vmSize)),
  );
  const nameless = [...sizes].filter(
    (vmSize) => judgeQuota({ readable: true, quotas: [] }, { vmSize, count: 1 }).kind === "unknown",
  );
  return [
    ...hidden,
    ...told(nameless, (names) => `quota of ${names}: the name does not tell its vCPUs`),
  ];
}

/** A control plane's upgrade replaces no node. */
function addressesUnknown({ members, networks, spec }: PreflightFacts): readonly string[] {
  if (spec.upgradeType === "ControlPlaneOnly") return [];
  const subnets = new Set(members.flatMap(({ cluster }) => subnetsUnknown(cluster, networks)));
  const reasons = new Set(
    [...networks.values()].flatMap((space) => (space.readable ? [] : [space.reason])),
  );
  const [reason = "Azure does not count them"] = reasons;
  return told([...subnets], (names) => `free addresses of subnet ${names}: ${reason}`);
}

function namesOf(
  members: readonly MemberFacts[],
  is: (member: MemberFacts) => boolean,
): readonly string[] {
  return members.filter(is).map(({ name }) => name);
}

function told(names: readonly string[], sentence: (names: string) => string): readonly string[] {
  if (names.length === 0) return [];
  const rest = names.length - MAX_NAMED;
  const shown = names.slice(0, MAX_NAMED).join(", ");
  return [sentence(rest > 0 ? `${shown} and ${rest} more` : shown)];
}
