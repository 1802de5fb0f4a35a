import type { LabelExpression } from "../shared/simulator/model.ts";

const KEY = String.raw`[A-Za-z0-9][A-Za-z0-9_./-]*`;
const VALUE = String.raw`[A-Za-z0-9_.-]*`;
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

export type ParsedRequirements =
  | { readonly requirements: readonly LabelExpression[] }
  | { readonly problem: string };

/** Kubernetes' text form of a label selector, `a=b,c!=d,e in (f,g),h,!i`; the empty text requires nothing. */
export function parseLabelRequirements(text: string): ParsedRequirements {
  if (text.trim() === "") return { requirements: [] };
  const requirements: LabelExpression[] = [];
  for (const part of splitRequirements(text)) {
    const requirement = parseRequirement(part);
    if (requirement === undefined) {
      return {
        problem: `unable to parse requirement: ${JSON.stringify(part)} in selector ${JSON.stringify(text)}`,
      };
    }
    requirements.push(requirement);
  }
  return { requirements };
}

/** Commas separate requirements, except between the parentheses of a set. */
function splitRequirements(text: string): string[] {
  return text.split(/,(?![^()]*\))/).map((part) => part.trim());
}

function parseRequirement(part: string): LabelExpression | undefined {
  const equality = EQUALITY.exec(part);
  if (equality) {
    const [, key = "", operator, value = ""] = equality;
    return { key, operator: operator === "!=" ? "NotIn" : "In", values: [value] };
  }
  const set = SET.exec(part);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return { key, operator: operator === "notin" ? "NotIn" : "In", values };
  }
  const exists = EXISTS.exec(part);
  if (!exists) return undefined;
  const [, not, key = ""] = exists;
  return { key, operator: not === "!" ? "DoesNotExist" : "Exists" };
}
