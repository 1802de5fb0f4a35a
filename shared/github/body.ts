/** Issues, pull requests and comments. Source: the 422 of the API, "body is too long (maximum is 65536 characters)". */
const MAX_BODY_CHARACTERS = 65_536;

const CUT = "\n\n… cut here: GitHub takes 65,536 characters.";

/** A text as GitHub takes it; a longer one ends with a visible cut. A hidden marker belongs at the top. */
export function boundedBody(body: string): string {
  if (body.length <= MAX_BODY_CHARACTERS) return body;
  return body.slice(0, MAX_BODY_CHARACTERS - CUT.length) + CUT;
}
