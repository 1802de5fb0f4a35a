import { FleetwrightError } from "./errors.ts";
import { oncePerText } from "./once-per.ts";

/** A resource id, as ARM spells it: `/subscriptions/{guid}/resourceGroups/{rg}/providers/{ns}/{type}/{name}[/{type}/{name}…]`. */
export type ArmId = string;

export interface ParsedArmId {
  readonly subscription: string;
  readonly resourceGroup: string;
  /** Full type with the namespace, such as `Microsoft.ContainerService/fleets/members`. */
  readonly type: string;
  /** Name of the last segment. */
  readonly name: string;
  /** Names from the outermost resource to the innermost. */
  readonly names: readonly string[];
}

const PATTERN =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)((?:\/[^/]+\/[^/]+)+)$/i;

/** Every look goes by the ids of the same members, pools and snapshots: those of some thousand clusters. */
const MAX_IDS = 10_000;

/** Parses an ARM id; throws `invalid-arm-id` with the expected form. */
export const parseArmId: (id: ArmId) => ParsedArmId = oncePerText(MAX_IDS, parse);

function parse(id: ArmId): ParsedArmId {
  const match = PATTERN.exec(id);
  if (!match) {
    throw new FleetwrightError("invalid-arm-id", `not an ARM resource id: ${JSON.stringify(id)}`, {
      subject: id,
      remedy:
        "write /subscriptions/<id>/resourceGroups/<group>/providers/<namespace>/<type>/<name>",
    });
  }
  const [, subscription = "", resourceGroup = "", namespace = "", path = ""] = match;
  const segments = path.slice(1).split("/");
  const types = segments.filter((_, index) => index % 2 === 0);
  const names = segments.filter((_, index) => index % 2 === 1);
  return {
    subscription,
    resourceGroup,
    type: [namespace, ...types].join("/"),
    name: names.at(-1) ?? "",
    names,
  };
}

/** ARM compares ids without case (real AKS ids carry a lower-case `resourcegroups`). */
export function sameArmId(a: ArmId, b: ArmId): boolean {
  return armKey(a) === armKey(b);
}

/** The form of an id to use as a map key. */
export const armKey: (id: ArmId) => string = oncePerText(MAX_IDS, (id) => {
  let end = id.length;
  while (id[end - 1] === "/") end--;
  return id.slice(0, end).toLowerCase();
});
