import { FleetwrightError } from "../core/errors.ts";
import type { NodePoolSnapshot } from "../snapshot/ports.ts";
import { useProblem } from "../snapshot/use.ts";
import type { ArmBody } from "./ports.ts";

/** The administrator that `az aks create` names too. */
const ADMIN_USERNAME = "azureuser";
/** A cluster that says nothing gets AKS's own node image channel, which would move a pinned image. */
const NO_AUTO_UPGRADE = { upgradeChannel: "none", nodeOSUpgradeChannel: "None" };

export interface ClusterDefinition {
  /** The declared body in ARM's words. */
  readonly declared: ArmBody;
  readonly snapshot: NodePoolSnapshot | undefined;
  readonly sshPublicKey: string | undefined;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
}

/** The body of a new cluster: the snapshot gives version, image and size of the first System pool. */
export function clusterBody(definition: ClusterDefinition): ArmBody {
  const { declared, snapshot, sshPublicKey } = definition;
  const properties = asBody(declared["properties"]);
  const pools = agentPoolsOf(declared);
  return {
    ...declared,
    properties: {
      ...properties,
      ...(sshPublicKey !== undefined && linuxProfile(properties, sshPublicKey)),
      ...(snapshot !== undefined && versionOf(properties, snapshot)),
      autoUpgradeProfile: { ...NO_AUTO_UPGRADE, ...asBody(properties["autoUpgradeProfile"]) },
      agentPoolProfiles:
        snapshot === undefined ? pools : withSnapshot(pools, snapshot, definition.now),
    },
  };
}

/** The declared node pools; a body without a System pool cannot become a cluster. */
export function agentPoolsOf(declared: ArmBody): readonly ArmBody[] {
  const pools = asBody(declared["properties"])["agentPoolProfiles"];
  const bodies = Array.isArray(pools) ? pools.map(asBody) : [];
  if (bodies.some(isSystem)) return bodies;
  throw invalid(
    "the declared cluster has no System node pool",
    "give properties.agentPoolProfiles one with mode: System",
  );
}

function withSnapshot(
  pools: readonly ArmBody[],
  snapshot: NodePoolSnapshot,
  now: number,
): readonly ArmBody[] {
  const first = pools.findIndex(isSystem);
  return pools.map((pool, index) => (index === first ? fromSnapshot(pool, snapshot, now) : pool));
}

function fromSnapshot(pool: ArmBody, snapshot: NodePoolSnapshot, now: number): ArmBody {
  const { id, kubernetesVersion, osType, osSku } = snapshot;
  const vmSize = text(pool["vmSize"]) ?? snapshot.vmSize;
  const problem = useProblem({ snapshot, vmSize, now });
  if (problem !== undefined) {
    throw new FleetwrightError(
      "preflight-failed",
      `node pool ${text(pool["name"]) ?? ""} cannot be made of snapshot ${snapshot.name}: ${problem}`,
      { subject: id, remedy: "choose another snapshot, or change the declared VM size" },
    );
  }
  assertSame(pool, "orchestratorVersion", kubernetesVersion);
  assertSame(pool, "osSKU", osSku);
  return {
    ...pool,
    vmSize,
    osType,
    osSKU: osSku,
    orchestratorVersion: kubernetesVersion,
    creationData: { sourceResourceId: id },
  };
}

function versionOf(properties: ArmBody, { kubernetesVersion }: NodePoolSnapshot): ArmBody {
  assertSame(properties, "kubernetesVersion", kubernetesVersion);
  return { kubernetesVersion };
}

function assertSame(body: ArmBody, name: string, given: string): void {
  const declared = text(body[name]);
  if (declared === undefined || declared === given) return;
  throw invalid(
    `the declared cluster has ${name} ${declared}, the snapshot ${given}`,
    `leave ${name} out of the file: the snapshot gives it`,
  );
}

function linuxProfile(properties: ArmBody, keyData: string): ArmBody {
  if (properties["linuxProfile"] !== undefined) {
    throw invalid(
      "the declared cluster has a linuxProfile and ssh-public-key is set",
      "leave one of them out",
    );
  }
  const publicKeys = [{ keyData }];
  return { linuxProfile: { adminUsername: ADMIN_USERNAME, ssh: { publicKeys } } };
}

function isSystem(pool: ArmBody): boolean {
  return text(pool["mode"])?.toLowerCase() === "system";
}

export function asBody(value: unknown): ArmBody {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as ArmBody)
    : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function invalid(message: string, remedy: string): FleetwrightError {
  return new FleetwrightError("invalid-input", message, { remedy });
}
