import { meets } from "../core/label-requirement.ts";
import type { LabelSelector } from "./ports.ts";

/**
 * Does a budget's selector choose a pod with these labels? An empty selector chooses every pod.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#set-based-requirement
 */
export function selects(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => labels[key] === value,
  );
  return equal && (selector.matchExpressions ?? []).every((one) => meets(one, labels[one.key]));
}
