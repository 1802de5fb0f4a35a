/** Azure's services refuse JSON that is nested deeper, and what is kept must be written out again. */
export const MAX_NESTING = 128;

/** Is a parsed body nested deeper than any service takes? Level by level: recursion is what it must spare. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth < MAX_NESTING && level.length > 0; depth++) {
    level = level.flatMap(membersOf);
  }
  return level.length > 0;
}

function membersOf(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}
