import { guidFrom } from "../guid.ts";
import type { Scenario, ScenarioPrincipal } from "../scenario.ts";
import type { Principal } from "../service.ts";

/** Default audience of a federated credential. Source: learn.microsoft.com, workload identity federation */
const DEFAULT_FEDERATION_AUDIENCE = "api://AzureADTokenExchange";

export interface FederatedCredential {
  /** Undefined: the local GitHub OIDC issuer. */
  readonly issuer: string | undefined;
  readonly subject: string;
  readonly audience: string;
}

/** A principal with the means by which it proves who it is. */
export interface Identity {
  readonly principal: Principal;
  readonly secret: string | undefined;
  /** PEM. */
  readonly certificate: string | undefined;
  readonly federated: readonly FederatedCredential[];
}

export interface Directory {
  readonly identities: readonly Identity[];
  /** Who the managed identity endpoint speaks for when no client id is asked for. */
  readonly managed: Principal;
}

/** The owner of the subscription, and everybody that the scenario names. */
export function makeDirectory(scenario: Scenario, subscription: string): Directory {
  const owner: Principal = {
    objectId: guidFrom("fleetwright owner object"),
    clientId: guidFrom("fleetwright owner client"),
    name: "owner",
    grants: [{ actions: ["*"], scope: `/subscriptions/${subscription}` }],
  };
  const identities = (scenario.principals ?? []).map(identityOf);
  const managed = identities.find(({ principal }) => principal.name === scenario.msi);
  return {
    identities: [
      { principal: owner, secret: undefined, certificate: undefined, federated: [] },
      ...identities,
    ],
    managed: managed?.principal ?? owner,
  };
}

export function findIdentity(directory: Directory, clientId: string): Identity | undefined {
  const wanted = clientId.toLowerCase();
  return directory.identities.find((one) => one.principal.clientId.toLowerCase() === wanted);
}

function identityOf(input: ScenarioPrincipal): Identity {
  return {
    principal: {
      objectId: input.objectId ?? guidFrom(`object of ${input.clientId}`),
      clientId: input.clientId,
      name: input.name,
      grants: (input.roles ?? []).map(({ actions, dataActions = [], scope }) => ({
        actions: [...actions, ...dataActions],
        scope,
      })),
    },
    secret: input.secret,
    certificate: input.certificate,
    federated: (input.federated ?? []).map((credential) => ({
      issuer: credential.issuer,
      subject: credential.subject,
      audience: credential.audience ?? DEFAULT_FEDERATION_AUDIENCE,
    })),
  };
}
