import type { LabelExpression } from "../../shared/simulator/model.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import type { InvalidField } from "./status.ts";

const OPERATORS: Readonly<Record<LabelExpression["operator"], boolean>> = {
  In: true,
  NotIn: true,
  Exists: false,
  DoesNotExist: false,
};

/** `matchExpressions` of a selector, and what the API server would find wrong with them. */
export function labelExpressions(
  selector: JsonObject,
  path: string,
): { readonly expressions: readonly LabelExpression[]; readonly errors: InvalidField[] } {
  const given = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : [];
  const expressions: LabelExpression[] = [];
  const errors: InvalidField[] = [];
  for (const [index, one] of given.entries()) {
    const { key, operator, values } = isJsonObject(one) ? one : {};
    const field = `${path}.matchExpressions[${index}]`;
    const texts = Array.isArray(values) ? values.map(String) : [];
    if (!isOperator(operator)) {
      const message = `Invalid value: ${JSON.stringify(operator)}: not a valid selector operator`;
      errors.push({ field: `${field}.operator`, message });
    } else if (OPERATORS[operator] !== texts.length > 0) {
      const [rule, verb] = OPERATORS[operator]
        ? ["Required value", "must"]
        : ["Forbidden", "may not"];
      const message = `${rule}: ${verb} be specified when \`operator\` is '${operator}'`;
      errors.push({ field: `${field}.values`, message });
    } else expressions.push({ key: String(key), operator, values: texts });
  }
  return { expressions, errors };
}

function isOperator(value: unknown): value is LabelExpression["operator"] {
  return typeof value === "string" && Object.hasOwn(OPERATORS, value);
}
