import type { DeclarationRepository, ReviewedPull, ReviewPort } from "./ports.ts";

/** On a promotion pull request: leave it alone. */
export const HOLD_LABEL = "hold";

/** On the pull request that brought a release to the environment before: its soak may end early. */
export const EXPEDITE_LABEL = "expedite";

/** A comment that begins with it gives the reason; a label without one shortens nothing. */
const EXPEDITE_COMMENT = /^\/fleetwright expedite[ \t]+(\S.*)/m;

/** Characters of a person's reason that are repeated. */
const MAX_REASON_CHARACTERS = 300;

/** The file that holds an environment: `releases/prod.yaml` is held by `releases/prod.hold`. */
export function holdFileOf(releaseFile: string): string {
  return releaseFile.replace(/\.[^./]+$/, ".hold");
}

/** Why an environment is not to be promoted to; undefined when nobody holds it. */
export async function readHold(
  repository: Pick<DeclarationRepository, "readFile">,
  commit: string,
  releaseFile: string,
  open: ReviewedPull | undefined,
): Promise<string | undefined> {
  const path = holdFileOf(releaseFile);
  const text = await repository.readFile(commit, path);
  if (text !== undefined) return `${path} holds it${reasonIn(text)}`;
  if (open?.labels.includes(HOLD_LABEL) !== true) return undefined;
  return `pull request #${open.number} carries the label \`${HOLD_LABEL}\``;
}

function reasonIn(text: string): string {
  const line = text.trim().split("\n")[0]?.slice(0, MAX_REASON_CHARACTERS) ?? "";
  return line === "" ? "" : `: ${line}`;
}

/** Why, and who said so: the word of a person with write access that a release need not soak longer. */
export async function readExpedite(
  reviews: ReviewPort,
  commit: string,
): Promise<string | undefined> {
  const pull = await reviews.broughtBy(commit);
  if (pull?.labels.includes(EXPEDITE_LABEL) !== true) return undefined;
  for (const { author, body, trusted } of await reviews.comments(pull.number)) {
    const reason = EXPEDITE_COMMENT.exec(body)?.[1]?.trim().slice(0, MAX_REASON_CHARACTERS);
    if (trusted && reason !== undefined) {
      return `${reason} (${author} on #${pull.number})`;
    }
  }
  return undefined;
}
