import type { ManagedCluster, NodePool } from "./ports.ts";

/** Azure keeps 256 characters of a tag's value. */
const MAX_TAG_VALUE_LENGTH = 256;

export const TAG_KIND = "fleetwright-kind";
export const TAG_ENVIRONMENT = "fleetwright-environment";

export interface SnapshotOrigin {
  readonly kind: string;
  readonly environment: string;
  readonly generation?: number;
  readonly run?: string;
}

/** What a snapshot says about itself in every list of Azure. */
export function snapshotTags(
  origin: SnapshotOrigin,
  cluster: ManagedCluster,
  pool: NodePool,
): Record<string, string> {
  // A cut id would name nothing: a long one is told by its two names.
  const source = pool.id.length <= MAX_TAG_VALUE_LENGTH ? pool.id : `${cluster.name}/${pool.name}`;
  return {
    [TAG_KIND]: origin.kind,
    [TAG_ENVIRONMENT]: origin.environment,
    ...(origin.generation !== undefined && {
      "fleetwright-generation": String(origin.generation),
    }),
    ...(origin.run !== undefined && { "fleetwright-run": origin.run }),
    "fleetwright-source-pool": source,
  };
}
