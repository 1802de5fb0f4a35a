import { FleetwrightError } from "../../shared/core/errors.ts";

/** What the app settings of the function app say. Names are those of docs/deploy.md. */
export interface Settings {
  readonly repository: { readonly owner: string; readonly name: string };
  /** Custom topic that carries `Fleetwright.NodeImageReleased`. */
  readonly topicEndpoint: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const [owner = "", name = ""] = required(env, "FLEETWRIGHT_REPOSITORY").split("/");
  if (owner === "" || name === "") {
    throw new FleetwrightError("invalid-input", "FLEETWRIGHT_REPOSITORY is not OWNER/NAME", {
      remedy: "set it to the repository that holds fleetwright.yaml, such as octo-org/harbour",
    });
  }
  return {
    repository: { owner, name },
    topicEndpoint: required(env, "FLEETWRIGHT_TOPIC_ENDPOINT"),
    env,
  };
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new FleetwrightError("invalid-input", `the app setting ${name} is missing`, {
    remedy: `add ${name} to the function app's settings (docs/deploy.md)`,
  });
}
