import { createOrUpdate, list } from "@azure/arm-containerservice/api/snapshots";
import type { Snapshot } from "@azure/arm-containerservice/models";
import { parseArmId } from "../core/arm-id.ts";
import type { NodePoolSnapshot, SnapshotPort } from "../snapshot/ports.ts";
import type { ArmClient } from "./arm-client.ts";
import { AKS_API_VERSION } from "./clusters.ts";

export function createSnapshotPort(arm: ArmClient): SnapshotPort {
  return {
    async listSnapshots(subscription) {
      const snapshots: NodePoolSnapshot[] = [];
      for await (const snapshot of list(arm.context(subscription, AKS_API_VERSION))) {
        snapshots.push(toSnapshot(snapshot));
      }
      return snapshots;
    },
    async createSnapshot({ id, location, tags, sourcePool }) {
      const { subscription, resourceGroup, name } = parseArmId(id);
      const context = arm.context(subscription, AKS_API_VERSION);
      const creationData = { sourceResourceId: sourcePool };
      const body = { location, tags: { ...tags }, snapshotType: "NodePool", creationData };
      return toSnapshot(await createOrUpdate(context, resourceGroup, name, body));
    },
  };
}

function toSnapshot(snapshot: Snapshot): NodePoolSnapshot {
  return {
    id: snapshot.id ?? "",
    name: snapshot.name ?? "",
    location: snapshot.location,
    tags: snapshot.tags ?? {},
    sourcePool: snapshot.creationData?.sourceResourceId ?? "",
    nodeImageVersion: snapshot.nodeImageVersion ?? "",
    kubernetesVersion: snapshot.kubernetesVersion ?? "",
    vmSize: snapshot.vmSize ?? "",
    createdAt: snapshot.systemData?.createdAt?.toISOString() ?? "",
  };
}
