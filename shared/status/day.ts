const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `10 Jul 2026`, in UTC. */
export function day(date: Date): string {
  return `${dayAndMonth(date)} ${date.getUTCFullYear()}`;
}

/** `10 Jul`, in UTC. */
export function dayAndMonth(date: Date): string {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}
