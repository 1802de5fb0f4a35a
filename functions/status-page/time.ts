import { day, dayAndMonth } from "../../shared/status/day.ts";
import { html, type Html } from "./html.ts";

/** `10 Jul, 08:00` for people, all of it on demand, the exact time for machines. All in UTC. */
export function when(iso: string | undefined, otherwise = "–"): Html {
  const time = iso === undefined ? Number.NaN : Date.parse(iso);
  if (!Number.isFinite(time)) return html`${otherwise}`;
  const date = new Date(time);
  return html`<time datetime="${date.toISOString()}" title="${readable(time)}"
    >${dayAndMonth(date)}, ${clock(date)}</time
  >`;
}

/** `10 Jul 2026, 08:00 UTC`. */
export function readable(time: number): string {
  const date = new Date(time);
  return `${day(date)}, ${clock(date)} UTC`;
}

export function clock(date: Date): string {
  return date.toISOString().slice(11, 16);
}

const INSTANT = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)/;

/** A sentence of the log, in which instants are written for machines. */
export function told(text: string): Html {
  // What the pattern catches stands at every other place.
  return html`${text.split(INSTANT).map((part, index) => (index % 2 === 1 ? when(part, part) : part))}`;
}
