import { html, type Html } from "./html.ts";

export interface Row {
  /** First the row's own heading, then one cell per further column. */
  readonly cells: readonly (Html | string)[];
  /** Makes the row one that the filter knows: the member's name and its tone. */
  readonly member?: { readonly name: string; readonly tone: string };
}

export interface Table {
  readonly caption: string;
  /** The same from one update of the page to the next, so that focus and scroll position stay. */
  readonly key: string;
  readonly heads: readonly string[];
  readonly rows: readonly Row[];
}

/**
 * A table that becomes a list of cards on a phone: each cell then says its column. The roles are written out,
 * because a browser takes them away from a table that is laid out otherwise.
 */
export function table({ caption, key, heads, rows }: Table): Html {
  return html`<table class="list" role="table" data-key="${key}">
    <caption>
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${heads.map((head) => html`<th scope="col" role="columnheader">${head}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map((row) => tableRow(row, heads))}
    </tbody>
  </table>`;
}

function tableRow({ cells, member }: Row, heads: readonly string[]): Html {
  const [heading, ...others] = cells;
  return html`<tr
    role="row"
    ${member && html`data-member="${member.name}" data-tone="${member.tone}"`}
  >
    <th scope="row" role="rowheader">${heading}</th>
    ${others.map((cell, index) => html`<td role="cell" data-label="${heads[index + 1]}">${cell}</td>`)}
  </tr>`;
}

export interface Matrix {
  readonly caption: string;
  readonly key: string;
  readonly heads: readonly string[];
  readonly rows: readonly { readonly head: Html; readonly cells: readonly Html[] }[];
}

/** A table whose columns matter as much as its rows: it scrolls by itself, by touch and by keyboard. */
export function matrix({ caption, key, heads, rows }: Matrix): Html {
  return html`<div
    class="scroll"
    role="group"
    tabindex="0"
    data-key="${key} table"
    aria-label="${caption}"
  >
    <table class="matrix">
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ head, cells }) =>
            html`<tr>
              <th scope="row">${head}</th>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
