import type { MemberView } from "../../shared/status/run-status.ts";
import { html, type Html } from "./html.ts";
import { spaced, toneOf, type Tone } from "./state.ts";

const ORDER: readonly Tone[] = ["bad", "good", "busy", "idle"];
/** One member of a thousand is seen too. */
const MIN_SHARE = 0.006;

/** How far the members are, as one bar; the sentence beside it says the same. */
export function progressBar(members: readonly MemberView[]): Html {
  if (members.length === 0) return html``;
  let from = 0;
  const parts = ORDER.flatMap((tone) => {
    const count = members.filter(({ state }) => toneOf(state) === tone).length;
    const share = count === 0 ? 0 : Math.max(MIN_SHARE, count / members.length);
    const part = { tone, from: percent(from), width: percent(share) };
    from += share;
    return share === 0 ? [] : [part];
  });
  return html`<svg class="progress" role="img" aria-label="${counts(members)}">
    ${parts.map(
      (part) =>
        html`<rect class="${part.tone}" x="${part.from}" width="${part.width}" height="100%" />`,
    )}
  </svg>`;
}

/** `12 members: 9 Completed, 3 Running`. */
export function counts(members: readonly MemberView[]): string {
  const states = new Map<string, number>();
  for (const { state } of members) states.set(state, (states.get(state) ?? 0) + 1);
  const parts = [...states].map(([state, count]) => `${count} ${spaced(state).toLowerCase()}`);
  return `${members.length} ${members.length === 1 ? "member" : "members"}: ${parts.join(", ")}`;
}

export function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`;
}
