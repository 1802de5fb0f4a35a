import { FleetwrightError } from "../../shared/core/errors.ts";

const PUBLIC_KEY = /^(ssh-(rsa|ed25519)|ecdsa-sha2-\S+) [A-Za-z0-9+/=]+( .*)?$/;

/** A public key as OpenSSH writes it. Anything else may be the private half, and is hidden from the log. */
export function checkedPublicKey(
  text: string | undefined,
  hide: (text: string) => void,
): string | undefined {
  if (text === undefined || PUBLIC_KEY.test(text)) return text;
  for (const line of text.split("\n").filter((part) => part.trim() !== "")) hide(line);
  throw new FleetwrightError("invalid-input", "input ssh-public-key is no OpenSSH public key", {
    remedy: "give the content of a .pub file, such as `ssh-ed25519 AAAA…`; never the private key",
  });
}
