import { createHash } from "node:crypto";

/** A key holds 1 KiB, which is 512 UTF-16 characters. */
const MAX_KEY_LENGTH = 512;
const DIGEST_LENGTH = 64;

/**
 * Any text as a partition or row key: tables forbid `/ \ # ?` and control characters, and clients disagree
 * about `%`. Letters, digits, `.` and `-` stay readable, the rest becomes `_` and four hex digits.
 * Source: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 */
export function tableKey(text: string): string {
  const encoded = text.replace(
    /[^A-Za-z0-9.-]/g,
    (character) => `_${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (encoded.length <= MAX_KEY_LENGTH) return encoded;
  const digest = createHash("sha256").update(text).digest("hex");
  return `${encoded.slice(0, MAX_KEY_LENGTH - DIGEST_LENGTH - 1)}-${digest}`;
}
