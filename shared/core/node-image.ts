/**
 * Node image versions, such as `AKSUbuntu-2204gen2containerd-202506.16.0`: a family, then the version
 * after the last hyphen. Only versions of one family can be compared.
 * Source: https://learn.microsoft.com/azure/aks/node-image-upgrade
 */
export interface NodeImage {
  readonly family: string;
  readonly version: string;
}

export function parseNodeImage(nodeImageVersion: string): NodeImage {
  const cut = nodeImageVersion.lastIndexOf("-");
  return { family: nodeImageVersion.slice(0, cut), version: nodeImageVersion.slice(cut + 1) };
}

/** Negative when `a` is older than `b`, 0 when equal: versions are dotted numbers. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
