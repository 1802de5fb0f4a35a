import type { AccessToken, TokenCredential } from "@azure/identity";
import { MINUTE } from "../core/duration.ts";

/** A token that lives for less than this is renewed, so that a long follow never meets an expired one. */
const RENEW_BEFORE_MS = 5 * MINUTE;

/** A credential that can pass over what it keeps. */
export interface RenewableCredential extends TokenCredential {
  /** A token that was not issued before: the kept one was refused before its time. */
  renew(scope: string): Promise<AccessToken>;
}

/** Asks once per scope and lifetime of a token, also for callers at once. */
export function cachedTokens(
  ask: (scope: string) => Promise<AccessToken>,
  now: () => number = Date.now,
): RenewableCredential {
  const tokens = new Map<string, AccessToken>();
  const pending = new Map<string, Promise<AccessToken>>();
  /** One request at a time for each scope, whoever asks. */
  async function renew(scope: string): Promise<AccessToken> {
    const running = pending.get(scope) ?? ask(scope);
    pending.set(scope, running);
    try {
      const token = await running;
      tokens.set(scope, token);
      return token;
    } finally {
      pending.delete(scope);
    }
  }
  return {
    renew,
    async getToken(scopes) {
      const scope = Array.isArray(scopes) ? scopes.join(" ") : scopes;
      const cached = tokens.get(scope);
      if (cached && cached.expiresOnTimestamp - now() > RENEW_BEFORE_MS) return cached;
      return renew(scope);
    },
  };
}

/** Loads a credential when its first token is asked for. */
export function lazyCredential(load: () => Promise<TokenCredential>): TokenCredential {
  let loaded: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, options) {
      loaded ??= load();
      return (await loaded).getToken(scopes, options);
    },
  };
}
