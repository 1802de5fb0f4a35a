import { valueAt } from "./event-field.ts";
import type { GridEvent } from "./grid-event.ts";

export interface EventFilter {
  /** Absent: every type. */
  readonly includedEventTypes: readonly string[] | undefined;
  readonly subjectBeginsWith: string;
  readonly subjectEndsWith: string;
  readonly isSubjectCaseSensitive: boolean;
  /** All of them must hold. */
  readonly advancedFilters: readonly AdvancedFilter[];
  /** `enableAdvancedFilteringOnArrays`: any member of an array may match. */
  readonly looksIntoArrays: boolean;
}

export interface AdvancedFilter {
  readonly operatorType: string;
  readonly key: string;
  /** Any of them may match; a negated operator wants none to. */
  readonly values: readonly unknown[];
}

type Test = (found: unknown, wanted: unknown) => boolean;

const equalsText: Test = (found, wanted) => lower(found) === lower(wanted);
const begins: Test = (found, wanted) => lower(found)?.startsWith(lower(wanted) ?? "\0") ?? false;
const ends: Test = (found, wanted) => lower(found)?.endsWith(lower(wanted) ?? "\0") ?? false;
const contains: Test = (found, wanted) => lower(found)?.includes(lower(wanted) ?? "\0") ?? false;
const equalsNumber: Test = (found, wanted) => typeof found === "number" && found === wanted;
const inRange: Test = (found, wanted) =>
  Array.isArray(wanted) && compare(found, wanted[0], [0, 1]) && compare(found, wanted[1], [-1, 0]);

/** Operators of Event Grid by lower-cased name; text compares without case. */
const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["stringin", equalsText],
  ["stringbeginswith", begins],
  ["stringendswith", ends],
  ["stringcontains", contains],
  ["numberin", equalsNumber],
  ["numberlessthan", (found, wanted) => compare(found, wanted, [-1])],
  ["numberlessthanorequals", (found, wanted) => compare(found, wanted, [-1, 0])],
  ["numbergreaterthan", (found, wanted) => compare(found, wanted, [1])],
  ["numbergreaterthanorequals", (found, wanted) => compare(found, wanted, [0, 1])],
  ["numberinrange", inRange],
  ["boolequals", (found, wanted) => typeof found === "boolean" && found === wanted],
]);
const NEGATED: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["stringnotin", equalsText],
  ["stringnotbeginswith", begins],
  ["stringnotendswith", ends],
  ["stringnotcontains", contains],
  ["numbernotin", equalsNumber],
  ["numbernotinrange", inRange],
]);

export function isKnownOperator(operatorType: string): boolean {
  const name = operatorType.toLowerCase();
  return (
    TESTS.has(name) || NEGATED.has(name) || name === "isnotnull" || name === "isnullorundefined"
  );
}

export function matchesFilter(event: GridEvent, filter: EventFilter): boolean {
  return (
    matchesType(event, filter.includedEventTypes) &&
    matchesSubject(event.subject ?? "", filter) &&
    filter.advancedFilters.every((advanced) => matchesAdvanced(event, advanced, filter))
  );
}

function matchesType(event: GridEvent, included: readonly string[] | undefined): boolean {
  return included?.some((type) => type.toLowerCase() === event.type.toLowerCase()) ?? true;
}

function matchesSubject(subject: string, filter: EventFilter): boolean {
  const form = (text: string): string =>
    filter.isSubjectCaseSensitive ? text : text.toLowerCase();
  return (
    form(subject).startsWith(form(filter.subjectBeginsWith)) &&
    form(subject).endsWith(form(filter.subjectEndsWith))
  );
}

function matchesAdvanced(
  event: GridEvent,
  { operatorType, key, values }: AdvancedFilter,
  { looksIntoArrays }: EventFilter,
): boolean {
  const found = valueAt(event, key);
  const name = operatorType.toLowerCase();
  if (name === "isnotnull") return found !== undefined && found !== null;
  if (name === "isnullorundefined") return found === undefined || found === null;
  const candidates: readonly unknown[] = looksIntoArrays && Array.isArray(found) ? found : [found];
  const any = (test: Test): boolean =>
    candidates.some((candidate) => values.some((wanted) => test(candidate, wanted)));
  const negated = NEGATED.get(name);
  if (negated) return !any(negated);
  const test = TESTS.get(name);
  return test !== undefined && any(test);
}

function lower(value: unknown): string | undefined {
  return typeof value === "string" ? value.toLowerCase() : undefined;
}

function compare(found: unknown, wanted: unknown, signs: readonly number[]): boolean {
  if (typeof found !== "number" || typeof wanted !== "number") return false;
  return signs.includes(Math.sign(found - wanted));
}
