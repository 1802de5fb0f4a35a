import { DAY } from "../../core/duration.ts";
import { compareVersions, parseNodeImage } from "../../core/node-image.ts";
import { publishedAt } from "../../declaration/image-age.ts";
import { NODE_IMAGE_VALID_DAYS } from "../../declaration/limits.ts";
import { freezeAt } from "../freeze.ts";
import { regionKey } from "./facts.ts";
import type { PreflightFacts } from "./facts.ts";
import type { Concern, PreflightRule } from "./rule.ts";

/** Of the fleet, its release and its regions. */
export const FLEET_RULES: readonly PreflightRule[] = [
  {
    name: "frozen",
    verdicts: ["block"],
    remedy: "wait for its end, or change spec.freezes of the Workspace",
    judge({ freezes, now }) {
      const freeze = freezeAt(freezes, now);
      if (freeze === undefined) return [];
      const { name, from, to, timezone } = freeze;
      return [{ subject: name, message: `nothing is started from ${from} to ${to}, ${timezone}` }];
    },
  },
  {
    name: "other-run",
    verdicts: ["block", "wait"],
    remedy: "wait for its end, or stop it, then run this step again",
    judge: ({ otherRuns }) =>
      otherRuns.map(({ name, status }) => ({
        subject: name,
        message: `update run ${name} of the same fleet is ${status.state}`,
      })),
  },
  {
    name: "fleet-auto-upgrade",
    verdicts: ["block", "warn"],
    remedy: "disable the profile: its own runs would move the same members",
    judge: ({ profiles }) =>
      (profiles ?? [])
        .filter(({ disabled }) => !disabled)
        .map(({ name, channel }) => ({
          subject: name,
          message: `auto-upgrade profile ${name} follows the channel ${channel}`,
        })),
  },
  {
    name: "family-not-pinned",
    verdicts: ["block"],
    remedy: "pin one version for each of these families under spec.nodeImages",
    judge: familiesNotPinned,
  },
  {
    name: "image-not-in-region",
    verdicts: ["block", "wait", "warn"],
    remedy: "wait until Azure has released it there",
    judge: imagesNotInRegion,
  },
  {
    name: "image-expired",
    verdicts: ["block", "warn"],
    remedy: "pin a newer image",
    judge: ({ spec, now }) =>
      pinsOf(spec)
        .filter(({ version }) => {
          const published = publishedAt(version);
          return published !== undefined && now - published > NODE_IMAGE_VALID_DAYS * DAY;
        })
        .map(({ family, version }) => ({
          subject: family,
          message: `${family}-${version} was published more than ${NODE_IMAGE_VALID_DAYS} days ago: upgrades to it can fail`,
        })),
  },
  {
    name: "version-not-in-region",
    verdicts: ["block", "wait", "warn"],
    remedy: "declare a version that all regions of the fleet offer",
    judge: versionsNotInRegion,
  },
];

function pinsOf({ nodeImageSelection }: PreflightFacts["spec"]) {
  return (nodeImageSelection.customNodeImageVersions ?? []).map(parseNodeImage);
}

/**
 * Fleet skips pools of a family that has no pin without a word (AKS#3151). Only for NodeImageOnly is the
 * family known beforehand: a new Kubernetes version may bring another one.
 */
function familiesNotPinned({ spec, members }: PreflightFacts): readonly Concern[] {
  if (spec.upgradeType !== "NodeImageOnly" || spec.nodeImageSelection.type !== "Custom") return [];
  const pinned = new Set(pinsOf(spec).map(({ family }) => family));
  const missing = new Map<string, Concern>();
  for (const { cluster } of members) {
    for (const pool of cluster.nodePools) {
      const { family } = parseNodeImage(pool.nodeImageVersion);
      if (pinned.has(family) || missing.has(family)) continue;
      const message = `no image is pinned for ${family} (${cluster.name}/${pool.name}): the run would skip its node pools`;
      missing.set(family, { subject: family, message });
    }
  }
  return [...missing.values()];
}

function imagesNotInRegion({ spec, members, newestImages }: PreflightFacts): readonly Concern[] {
  const regions = [...new Set(members.map(({ cluster }) => cluster.location))];
  return pinsOf(spec).flatMap(({ family, version }) =>
    regions.flatMap((region) => {
      const newest = newestImages.get(regionKey(region, family));
      if (newest === undefined || compareVersions(newest, version) >= 0) return [];
      const message = `${region} has no ${family}-${version} yet: its newest is ${newest}`;
      return [{ subject: region, message }];
    }),
  );
}

function versionsNotInRegion({ spec, kubernetesVersions }: PreflightFacts): readonly Concern[] {
  const { kubernetesVersion: wanted } = spec;
  if (wanted === undefined) return [];
  return [...kubernetesVersions].flatMap(([region, versions]) => {
    if (versions === undefined || versions.some((one) => covers(one, wanted))) return [];
    return [{ subject: region, message: `${region} does not offer Kubernetes ${wanted}` }];
  });
}

/** `1.33` is whatever patch of it there is. */
function covers(offered: string, wanted: string): boolean {
  return offered === wanted || offered.startsWith(`${wanted}.`);
}
