import { meets } from "../../shared/core/label-requirement.ts";
import { parseLabelRequirements } from "../label-requirements.ts";
import { badRequest } from "./status.ts";

type Labels = Readonly<Record<string, string>>;
export type LabelPredicate = (labels: Labels) => boolean;

/** Parses `a=b,c!=d,e in (f,g),h,!i`; throws 400 for anything else. */
export function parseLabelSelector(text: string): LabelPredicate {
  const parsed = parseLabelRequirements(text);
  if ("problem" in parsed) throw badRequest(parsed.problem);
  const { requirements } = parsed;
  return (labels) => requirements.every((one) => meets(one, labels[one.key]));
}

/** `a=b,c=d`, as tables show selectors. */
export function formatLabels(labels: Labels | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.toSorted().join(",") || "<none>";
}
