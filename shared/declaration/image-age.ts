/** When a node image was published: `202607.09.0` on 9 July 2026, Windows' `20348.3207.250214` on 14 February 2025. */
export function publishedAt(version: string): number | undefined {
  const linux = /^(20\d\d)(\d\d)\.(\d\d)\.\d+$/.exec(version);
  const windows = /^\d{5}\.\d+\.(\d\d)(\d\d)(\d\d)$/.exec(version);
  const [, year, month, day] = linux ?? windows ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const time = Date.parse(`${year.length === 2 ? `20${year}` : year}-${month}-${day}T00:00:00Z`);
  return Number.isNaN(time) ? undefined : time;
}
