import { badRequest } from "./status.ts";

type Labels = Readonly<Record<string, string>>;
export type LabelPredicate = (labels: Labels) => boolean;

const KEY = String.raw`[A-Za-z0-9][A-Za-z0-9_./-]*`;
const VALUE = String.raw`[A-Za-z0-9_.-]*`;
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

/** Parses `a=b,c!=d,e in (f,g),h,!i`; throws 400 for anything else. */
export function parseLabelSelector(text: string): LabelPredicate {
  if (text.trim() === "") return () => true;
  const predicates = splitRequirements(text).map((part) => parseRequirement(part, text));
  return (labels) => predicates.every((predicate) => predicate(labels));
}

/** Commas separate requirements, except between the parentheses of a set. */
function splitRequirements(text: string): string[] {
  return text.split(/,(?![^()]*\))/).map((part) => part.trim());
}

function parseRequirement(part: string, whole: string): LabelPredicate {
  const equality = EQUALITY.exec(part);
  if (equality) {
    const [, key = "", operator, value] = equality;
    if (operator === "!=") return (labels) => labels[key] !== value;
    return (labels) => labels[key] === value;
  }
  const set = SET.exec(part);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    if (operator === "notin") return (labels) => !values.has(labels[key] ?? MISSING);
    return (labels) => values.has(labels[key] ?? MISSING);
  }
  const exists = EXISTS.exec(part);
  if (exists) {
    const [, not, key = ""] = exists;
    return not === "!" ? (labels) => !(key in labels) : (labels) => key in labels;
  }
  throw badRequest(
    `unable to parse requirement: ${JSON.stringify(part)} in selector ${JSON.stringify(whole)}`,
  );
}

/** No label value may contain a space, so this stands for "no such label". */
const MISSING = " ";

/** `a=b,c=d`, as tables show selectors. */
export function formatLabels(labels: Labels | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.toSorted().join(",") || "<none>";
}
