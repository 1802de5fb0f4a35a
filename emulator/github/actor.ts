import type { components } from "@octokit/openapi-types";
import type { Call } from "./call.ts";
import { type Actor, emailOf, type Hub } from "./hub.ts";

export type SimpleUser = components["schemas"]["simple-user"];

export function nodeId(kind: string, id: number | string): string {
  return Buffer.from(`${kind}:${id}`).toString("base64");
}

export function renderActor(call: Call, actor: Actor): SimpleUser {
  const url = `${call.base}/users/${encodeURIComponent(actor.login)}`;
  return {
    login: actor.login,
    id: actor.id,
    node_id: nodeId("User", actor.id),
    avatar_url: "",
    gravatar_id: "",
    url,
    html_url: `${call.base}/${actor.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: actor.login.endsWith("[bot]") ? "Bot" : "User",
    site_admin: false,
  };
}

export function renderLogins(call: Call, logins: readonly string[]): SimpleUser[] {
  return logins.map((login) => renderActor(call, call.hub.actor(login)));
}

/** GitHub attributes a commit by its e-mail address. */
export function actorOfEmail(hub: Hub, email: string): Actor | undefined {
  return [...hub.actors.values()].find((actor) => emailOf(actor) === email);
}
