import type { LabelExpression } from "./model.ts";

/** Source: kubernetes.io/docs/concepts/overview/working-with-objects/labels */
export function meets(
  { operator, values = [] }: LabelExpression,
  value: string | undefined,
): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
