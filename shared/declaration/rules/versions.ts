import { DAY } from "../../core/duration.ts";
import { parseNodeImage, versionForm } from "../../core/node-image.ts";
import type { Release } from "../documents.ts";
import type { Finding } from "../finding.ts";
import { publishedAt } from "../image-age.ts";
import { NODE_IMAGE_VALID_DAYS, NODE_IMAGE_WARNING_DAYS } from "../limits.ts";
import { report, type LintInput, type Problem } from "../rule.ts";

type ReleaseRule = (release: Release, input: LintInput) => readonly Problem[];

const RULES: readonly ReleaseRule[] = [kubernetesVersions, nodeImages, families, expiry];

export function versions(input: LintInput): readonly Finding[] {
  return input.releases.flatMap((release) =>
    RULES.flatMap((rule) => rule(release.value, input)).map((problem) => report(release, problem)),
  );
}

/** With its patch: members that take whichever is newest would come to differ. */
const PATCHED = /^\d+\.\d+\.\d+$/;

/** "Full and ControlPlaneOnly require kubernetesVersion". Source: azure-rest-api-specs, fleet. */
function kubernetesVersions({ spec }: Release, { live }: LintInput): readonly Problem[] {
  const { upgradeType, kubernetesVersion: version } = spec;
  const path = ["spec", "kubernetesVersion"];
  if (version === undefined) {
    if (upgradeType === "NodeImageOnly") return [];
    const message = `upgradeType ${upgradeType} needs a kubernetesVersion`;
    const remedy = "add spec.kubernetesVersion, or use NodeImageOnly";
    return [{ code: "missing-kubernetes-version", path, message, remedy }];
  }
  if (!/^\d+\.\d+(\.\d+)?$/.test(version)) {
    const message = `${JSON.stringify(version)} is not a Kubernetes version`;
    return [{ code: "bad-kubernetes-version", path, message, remedy: "write it as 1.33.5" }];
  }
  if (upgradeType !== "NodeImageOnly" && !PATCHED.test(version)) {
    const message = `upgradeType ${upgradeType} needs the patch of the version too, ${version} has none`;
    const remedy = `write all of it, such as "${version}.5": az aks get-versions lists them`;
    return [{ code: "bad-kubernetes-version", path, message, remedy }];
  }
  const supported = live.supportedKubernetesVersions;
  if (!supported || supported.some((known) => covers(known, version))) return [];
  return [
    {
      code: "kubernetes-version-unsupported",
      path,
      // Node images can still be upgraded, so that only a change of version is stopped.
      severity: upgradeType === "NodeImageOnly" ? "warning" : "error",
      message: `Kubernetes ${version} is not supported by AKS in the regions of this fleet`,
      remedy: `supported are ${supported.join(", ")}`,
    },
  ];
}

/** `1.33` covers `1.33.5`, and `1.33.5` is what `1.33` may become. */
function covers(known: string, version: string): boolean {
  return known === version || version.startsWith(`${known}.`) || known.startsWith(`${version}.`);
}

function nodeImages({ spec }: Release): readonly Problem[] {
  if (spec.upgradeType === "ControlPlaneOnly") return [];
  const pinned = Object.keys(spec.nodeImages ?? {}).length > 0;
  const { nodeImageSelection: selection = "Custom" } = spec;
  if (selection !== "Custom") return inexact(selection, pinned);
  if (pinned) return [];
  return [
    {
      code: "missing-node-images",
      path: ["spec", "nodeImages"],
      message: `upgradeType ${spec.upgradeType} needs a pinned node image for each image family`,
      remedy: "add nodeImages, such as AKSUbuntu-2404gen2containerd: 202607.09.0",
    },
  ];
}

/** Azure chooses the images of these runs; promotion and proof want to know them beforehand. */
function inexact(selection: "Latest" | "Consistent", pinned: boolean): readonly Problem[] {
  const path = ["spec", "nodeImageSelection"];
  if (pinned) {
    const message = `nodeImageSelection ${selection} lets Azure choose, so the pins under nodeImages count for nothing`;
    const remedy = "use Custom, or remove nodeImages";
    return [{ code: "pins-not-used", path, message, remedy }];
  }
  const message =
    selection === "Latest"
      ? "with Latest nobody can say beforehand which image a node gets: nodes cannot be proved, nothing can be promoted"
      : "with Consistent Azure chooses the images when the run starts: nothing can be promoted";
  const remedy = "pin one version for each image family under nodeImages, with Custom";
  return [{ code: "images-not-pinned", severity: "warning", path, message, remedy }];
}

/** At the end of a name, complete or not. */
const SOME_VERSION = /^\d+(\.\d+)+$/;

function families({ spec }: Release): readonly Problem[] {
  const seen = new Map<string, string>();
  return Object.entries(spec.nodeImages ?? {}).flatMap(([key, version]) => {
    const path = ["spec", "nodeImages", key];
    const embedded = parseNodeImage(key);
    const named = SOME_VERSION.test(embedded.version) && embedded.family !== "";
    const family = named ? embedded.family : key;
    const before = seen.get(family.toLowerCase());
    seen.set(family.toLowerCase(), key);
    const problems: Problem[] = [];
    if (before !== undefined) {
      const message = `${key} and ${before} are the same image family`;
      const remedy = "a run takes one image per family: keep one";
      problems.push({ code: "duplicate-image-family", path, message, remedy, atKey: true });
    } else if (named || !/^AKS[\w-]*\w$/.test(key)) {
      const message = `${JSON.stringify(key)} is not an image family`;
      const remedy = `write ${named ? family : "the text before the version, such as AKSUbuntu-2404gen2containerd"}`;
      problems.push({ code: "bad-image-family", path, message, remedy, atKey: true });
    }
    return [...problems, ...imageVersion(family, version, path)];
  });
}

function imageVersion(family: string, version: string, path: Problem["path"]): readonly Problem[] {
  const { pattern, form, example } = versionForm(family);
  if (pattern.test(version)) return [];
  const tail = parseNodeImage(version).version;
  if (version.toLowerCase().startsWith("aks") && pattern.test(tail)) {
    const message = `the version of ${family} repeats the family`;
    return [{ code: "image-repeats-family", path, message, remedy: `write ${tail}` }];
  }
  const message = `${JSON.stringify(version)} is not a node image version of ${family}`;
  const remedy = `write all of it, ${form}, such as ${example}`;
  return [{ code: "bad-image-version", path, message, remedy }];
}

/** Images are valid for 90 days. Source: aka.ms/kubernetes-fleet/concepts-update-orchestration */
function expiry({ spec }: Release, { live }: LintInput): readonly Problem[] {
  const { now } = live;
  if (now === undefined || spec.upgradeType === "ControlPlaneOnly") return [];
  return Object.entries(spec.nodeImages ?? {}).flatMap(([family, version]): readonly Problem[] => {
    const published = publishedAt(version);
    if (published === undefined) return [];
    const days = NODE_IMAGE_VALID_DAYS - Math.floor((now - published) / DAY);
    if (days > NODE_IMAGE_WARNING_DAYS) return [];
    const path = ["spec", "nodeImages", family];
    const remedy = "pin a newer image";
    if (days < 0) {
      const message = `${family}-${version} was published more than ${NODE_IMAGE_VALID_DAYS} days ago: upgrades to it can fail`;
      return [{ code: "pin-expired", path, message, remedy }];
    }
    const message = `${family}-${version} expires in ${days} days`;
    return [{ code: "pin-expires-soon", severity: "warning", path, message, remedy }];
  });
}
