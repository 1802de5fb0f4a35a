/** Words longer than this are not typing mistakes, and comparing them costs the square of it. */
const MAX_COMPARED_CHARACTERS = 100;
/** More slips than one in so many letters are another word. */
const LETTERS_PER_SLIP = 3;

/** The candidate that a person most likely meant: the only one that the word begins, else the closest; undefined when none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const typed = word.toLowerCase();
  if (typed.length > MAX_COMPARED_CHARACTERS) return undefined;
  const begun = candidates.filter(
    (candidate) => typed.length > 1 && candidate.toLowerCase().startsWith(typed),
  );
  if (begun.length === 1) return begun[0];
  const [best] = candidates
    .map((candidate) => ({ candidate, slips: slips(typed, candidate.toLowerCase()) }))
    .filter(
      ({ candidate, slips: count }) => count <= Math.ceil(candidate.length / LETTERS_PER_SLIP),
    )
    .toSorted((a, b) => a.slips - b.slips);
  return best?.candidate;
}

/** Letters to change, add, take away or swap with the next one (optimal string alignment). */
function slips(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      (rows[row] ?? [])[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + Number(!isSame),
        isSwap ? at(row - 2, column - 2) + 1 : Infinity,
      );
    }
  }
  return at(a.length, b.length);
}
