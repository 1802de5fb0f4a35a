import { html, type Html } from "./html.ts";

/** `10 Jul 2026, 08:00` in UTC, for people; the exact time for machines. */
export function when(iso: string | undefined, otherwise = "–"): Html {
  const time = iso === undefined ? Number.NaN : Date.parse(iso);
  if (!Number.isFinite(time)) return html`${otherwise}`;
  return html`<time datetime="${new Date(time).toISOString()}">${readable(time)}</time>`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function readable(time: number): string {
  const date = new Date(time);
  const clock = date.toISOString().slice(11, 16);
  return `${day(date)}, ${clock} UTC`;
}

export function day(date: Date): string {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}
