/**
 * JSON as templates are written: with comments, with line breaks in texts, and, as the Azure CLI sends them, with
 * names of members that are not quoted. Throws SyntaxError.
 */
export function parseLenientJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(toJson(text));
  }
}

/** Each character is looked at a fixed number of times, whatever the text holds. */
function toJson(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = endOfPart(text, at);
    parts.push(rewritten(text, at, end));
    at = end;
  }
  return parts.join("");
}

const WORD = /[A-Za-z_$][\w$]*/y;
const OTHER = /[^"/A-Za-z_$]+/y;

function endOfPart(text: string, at: number): number {
  if (text[at] === '"') return endOfText(text, at);
  if (text.startsWith("//", at)) return endAt(text, text.indexOf("\n", at));
  if (text.startsWith("/*", at)) return endAt(text, text.indexOf("*/", at + 2), 2);
  for (const part of [WORD, OTHER]) {
    part.lastIndex = at;
    if (part.test(text)) return part.lastIndex;
  }
  return at + 1;
}

function endAt(text: string, found: number, length = 0): number {
  return found < 0 ? text.length : found + length;
}

function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function rewritten(text: string, start: number, end: number): string {
  const part = text.slice(start, end);
  if (part.startsWith("/")) return part.length > 1 ? " " : part;
  if (part.startsWith('"')) return part.replaceAll("\r", "").replaceAll("\n", String.raw`\n`);
  return /^[A-Za-z_$]/.test(part) && isMemberName(text, end) ? JSON.stringify(part) : part;
}

function isMemberName(text: string, end: number): boolean {
  let at = end;
  while (text[at] === " " || text[at] === "\t") at += 1;
  return text[at] === ":";
}
