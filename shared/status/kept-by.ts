import type { Holder } from "../quarantine/record.ts";
import type { EnvironmentStatus } from "./status.ts";

/** `pod shop/cart-0 of StatefulSet/cart, budget shop/cart: 0 may go, 1 of 1 healthy`. */
export function keptBy(node: EnvironmentStatus["quarantined"][number]): string {
  const holders = [node, ...(node.alsoHeldBy ?? [])].map(holderText).filter((text) => text !== "");
  return holders.join("; ") || node.cause;
}

function holderText(holder: Holder): string {
  const { pod, pdb, overlapping = [] } = holder;
  const owner = holder.owner ? ` of ${holder.owner}` : "";
  const allowed = holder.disruptionsAllowed ?? 0;
  const healthy = holder.healthyPods ?? 0;
  const required = holder.requiredPods ?? 0;
  const budgets = [pdb, ...overlapping].join(" and ");
  const parts = [
    pod && `pod ${pod}${owner}`,
    pdb && `budget ${budgets}: ${allowed} may go, ${healthy} healthy, ${required} required`,
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}
