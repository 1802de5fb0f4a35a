import type { BoundPod } from "./ports.ts";

/** What a person has to allow in so many words, because it cannot be undone. */
export interface DrainConsent {
  /** Data in emptyDir volumes may go with its pods. */
  readonly deleteEmptyDirData: boolean;
  /** Pods may go that nobody makes again. */
  readonly deleteBarePods: boolean;
}

/** Pods that keep a node from being empty; a DaemonSet puts its own back at once, and drains leave them alone. */
export function podsToMove(pods: readonly BoundPod[]): readonly BoundPod[] {
  return pods.filter((pod) => !pod.mirror && pod.owner?.startsWith("DaemonSet/") !== true);
}

/** Why these pods may not be evicted without another word of the person who asked; empty when they may. */
export function objections(pods: readonly BoundPod[], consent: DrainConsent): readonly string[] {
  return podsToMove(pods).flatMap((pod) => {
    if (pod.finished || pod.terminating) return [];
    const name = `${pod.namespace}/${pod.name}`;
    if (pod.owner === undefined && !consent.deleteBarePods) {
      return [`pod ${name} has no controller that would make it again: delete-bare-pods`];
    }
    if (pod.hasEmptyDir && !consent.deleteEmptyDirData) {
      return [`pod ${name} keeps data in an emptyDir volume: delete-emptydir-data`];
    }
    return [];
  });
}

/** Nodes in sets that are drained together. */
export function batches<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
