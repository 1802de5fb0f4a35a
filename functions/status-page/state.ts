import { html, type Html } from "./html.ts";

/** What is well, what is under way, what needs a person, and what has not begun. */
export type Tone = "good" | "busy" | "bad" | "idle";

/** The word says it, the colour repeats it. A word that is not known has not begun. */
const TONES: Readonly<Record<string, Tone>> = {
  Completed: "good",
  Skipped: "good",
  pass: "good",
  approved: "good",
  Running: "busy",
  Pending: "busy",
  Stopping: "busy",
  inconclusive: "busy",
  released: "busy",
  Failed: "bad",
  fail: "bad",
  unknown: "bad",
  Stopped: "bad",
  held: "bad",
};

/** What a reader must see first, first. */
export const URGENCY: readonly Tone[] = ["bad", "busy", "idle", "good"];

export function toneOf(word: string): Tone {
  return TONES[word] ?? "idle";
}

/** Azure's words, spaced as people write them. */
const SPACED: Readonly<Record<string, string>> = { NotStarted: "Not started" };

export function spaced(word: string): string {
  return SPACED[word] ?? word;
}

export function badge(word: string): Html {
  return html`<span class="state ${toneOf(word)}">${spaced(word)}</span>`;
}
