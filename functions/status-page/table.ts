import { html, type Html } from "./html.ts";

export interface Table {
  readonly caption: string;
  /** The same from one update of the page to the next, so that focus and scroll position stay. */
  readonly key: string;
  readonly heads: readonly string[];
  readonly rows: readonly Html[];
}

/** A table that scrolls by itself where it is wider than the screen, by touch and by keyboard. */
export function table({ caption, key, heads, rows }: Table): Html {
  return html`<div
    class="scroll"
    role="group"
    tabindex="0"
    data-key="${key} table"
    aria-label="${caption}"
  >
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** What is well, what is under way and what needs a person; the word says it, the colour repeats it. */
const TONES: Readonly<Record<string, string>> = {
  Completed: "good",
  pass: "good",
  approved: "good",
  proved: "good",
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

export function state(word: string): Html {
  return html`<span class="state ${TONES[word] ?? "idle"}">${word}</span>`;
}
