import { parseNodeImage } from "../../shared/core/node-image.ts";
import type { RunSpec, SkipTarget } from "../../shared/simulator/model.ts";
import { isObject, objectAt, objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";
import { parseStages } from "./stages.ts";

const UPGRADE_TYPES = ["Full", "NodeImageOnly", "ControlPlaneOnly"] as const;
const SELECTION_TYPES = ["Latest", "Consistent", "Custom"] as const;
const SKIP_TYPES = ["Member", "Group", "Stage", "AfterStageWait"] as const;
const NODE_IMAGE = /^AKS[\w-]+-\d+(\.\d+)+$/;
const KUBERNETES_VERSION = /^\d+\.\d+\.\d+$/;

/** What the world is to do for the properties of a run; without a strategy it goes one by one. */
export function parseRunSpec(name: string, properties: JsonObject): RunSpec {
  const update = objectAt(properties, "managedClusterUpdate");
  if (!isObject(update["upgrade"])) {
    throw invalid("properties.managedClusterUpdate.upgrade is required.");
  }
  const upgrade = parseUpgrade(objectAt(update, "upgrade"));
  const nodeImageSelection = parseSelection(update, upgrade.type);
  if (!isObject(properties["strategy"])) return { name, upgrade, nodeImageSelection };
  const stages = parseStages(objectAt(properties, "strategy"));
  return { name, stages, upgrade, nodeImageSelection };
}

function parseUpgrade(upgrade: JsonObject): RunSpec["upgrade"] {
  const type = oneOf(UPGRADE_TYPES, textAt(upgrade, "type"), "upgrade.type");
  const kubernetesVersion = textAt(upgrade, "kubernetesVersion");
  if (type === "NodeImageOnly") {
    if (kubernetesVersion === undefined) return { type };
    throw invalid("upgrade.kubernetesVersion must be empty for the type NodeImageOnly.");
  }
  if (kubernetesVersion === undefined || !KUBERNETES_VERSION.test(kubernetesVersion)) {
    throw invalid(`upgrade.kubernetesVersion is required for the type ${type}, as in 1.33.5.`);
  }
  return { type, kubernetesVersion };
}

function parseSelection(
  update: JsonObject,
  upgradeType: RunSpec["upgrade"]["type"],
): RunSpec["nodeImageSelection"] {
  const selection = objectAt(update, "nodeImageSelection");
  if (Object.keys(selection).length === 0) return { type: "Latest" };
  const type = oneOf(SELECTION_TYPES, textAt(selection, "type"), "nodeImageSelection.type");
  const versions = customVersions(selection);
  if (type !== "Custom") {
    if (versions.length === 0) return { type };
    throw invalid(`customNodeImageVersions must be empty for the type ${type}.`);
  }
  if (upgradeType === "ControlPlaneOnly") {
    throw invalid("nodeImageSelection is not allowed for the upgrade type ControlPlaneOnly.");
  }
  if (versions.length === 0) throw invalid("customNodeImageVersions is required for Custom.");
  checkFamilies(versions);
  return { type, customNodeImageVersions: versions };
}

function customVersions(selection: JsonObject): readonly string[] {
  const given = selection["customNodeImageVersions"] ?? [];
  if (!Array.isArray(given)) throw invalid("customNodeImageVersions must be a list.");
  return given.map((image) => {
    const version = isObject(image) ? textAt(image, "version") : undefined;
    if (version !== undefined) return version;
    throw invalid('customNodeImageVersions takes objects such as {"version": "<image>"}.');
  });
}

function checkFamilies(versions: readonly string[]): void {
  const families = new Set<string>();
  for (const version of versions) {
    if (!NODE_IMAGE.test(version)) {
      throw invalid(
        `'${version}' is not a node image version, such as AKSUbuntu-2204gen2containerd-202606.16.0.`,
      );
    }
    const { family } = parseNodeImage(version);
    if (families.has(family))
      throw invalid(`Two custom node images are of the family '${family}'.`);
    families.add(family);
  }
}

export function parseSkipTargets(body: JsonObject): readonly SkipTarget[] {
  const targets = objectsAt(body, "targets").map((target) => ({
    type: oneOf(SKIP_TYPES, textAt(target, "type"), "targets.type"),
    name: textAt(target, "name") ?? "",
  }));
  if (targets.length === 0) throw invalid("targets must name at least one target to skip.");
  return targets;
}

function oneOf<T extends string>(values: readonly T[], given: string | undefined, key: string): T {
  const found = values.find((value) => value.toLowerCase() === given?.toLowerCase());
  if (found) return found;
  throw invalid(`The value '${given ?? ""}' of ${key} is not one of ${values.join(", ")}.`);
}
