import type { Cluster } from "../../shared/simulator/model.ts";
import { isJsonType, parseAccept } from "./accept.ts";
import type { WireReply, WireRequest } from "../service.ts";
import { RESOURCES } from "./registry.ts";
import { apiVersionOf, verbsOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import { REVIEW_KINDS } from "./review-kinds.ts";

/** What discovery tells of a kind. */
type Discovered = Pick<
  Resource,
  | "group"
  | "version"
  | "plural"
  | "singular"
  | "kind"
  | "namespaced"
  | "shortNames"
  | "categories"
  | "subresources"
> & { readonly verbs: readonly string[] };

const DISCOVERED: readonly Discovered[] = [
  ...RESOURCES.map((resource) => ({ ...resource, verbs: verbsOf(resource) })),
  ...REVIEW_KINDS.map((kind) => ({
    ...kind,
    shortNames: [],
    categories: [],
    subresources: [],
    verbs: ["create"],
  })),
];

/** Answers what clients ask before they ask for objects; undefined for any other path. */
export function serveDiscovery(request: WireRequest, path: string): WireReply | undefined {
  const aggregated = aggregatedVersion(request.headers.accept);
  switch (path) {
    case "/":
      return ok({ paths: rootPaths() });
    case "/api":
      return aggregated ? aggregatedReply(aggregated, [""]) : ok(coreVersions());
    case "/apis":
      return aggregated ? aggregatedReply(aggregated, namedGroups()) : ok(groupList());
    case "/api/v1":
      return ok(resourceList("", "v1"));
    default:
      return serveGroup(path);
  }
}

/** Paths that everybody may read, as `system:public-info-viewer` lets them. */
export function servePublicInfo(
  cluster: Cluster,
  path: string,
  query: WireRequest["query"],
): WireReply | undefined {
  if (path === "/version") return ok(versionInfo(cluster.kubernetesVersion));
  const [, check, part] = /^\/(healthz|livez|readyz)(\/(?:ping|etcd))?$/.exec(path) ?? [];
  if (check === undefined) return undefined;
  const isVerbose = query.has("verbose") && part === undefined;
  return {
    status: 200,
    body: isVerbose ? `[+]ping ok\n[+]etcd ok\n${check} check passed\n` : "ok",
  };
}

function serveGroup(path: string): WireReply | undefined {
  const [, group = "", version] = /^\/apis\/([^/]+)(?:\/(v[^/]+))?$/.exec(path) ?? [];
  if (!namedGroups().includes(group)) return undefined;
  if (version === undefined) return ok({ kind: "APIGroup", apiVersion: "v1", ...apiGroup(group) });
  return versionsOf(group).includes(version) ? ok(resourceList(group, version)) : undefined;
}

function ok(body: object): WireReply {
  return { status: 200, body };
}

function rootPaths(): string[] {
  const groups = namedGroups().flatMap((name) => [
    `/apis/${name}`,
    ...versionsOf(name).map((version) => `/apis/${name}/${version}`),
  ]);
  return ["/api", "/api/v1", "/apis", ...groups, "/healthz", "/livez", "/readyz", "/version"];
}

function versionInfo(kubernetesVersion: string): object {
  const [major = "1", minor = "0"] = kubernetesVersion.split(".");
  return {
    major,
    minor,
    gitVersion: `v${kubernetesVersion}`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "gc",
    platform: "linux/amd64",
  };
}

function namedGroups(): string[] {
  const groups = DISCOVERED.map(({ group }) => group).filter((group) => group !== "");
  return [...new Set(groups)];
}

/** The one that clients are to prefer first. */
function versionsOf(group: string): readonly string[] {
  const all = DISCOVERED.filter((resource) => resource.group === group);
  return [...new Set(all.map(({ version }) => version))];
}

function coreVersions(): object {
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
}

function groupList(): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: namedGroups().map(apiGroup) };
}

function apiGroup(name: string): object {
  const versions = versionsOf(name).map((version) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourcesOf(group: string, version: string): readonly Discovered[] {
  return DISCOVERED.filter((resource) => resource.group === group && resource.version === version);
}

function resourceList(group: string, version: string): object {
  const groupVersion = apiVersionOf({ group, version });
  const resources = resourcesOf(group, version).flatMap((resource) => [
    plainResource(resource),
    ...resource.subresources.map((subresource) => ({
      name: `${resource.plural}/${subresource.name}`,
      singularName: "",
      namespaced: resource.namespaced,
      group: subresource.group,
      version: subresource.version,
      kind: subresource.kind,
      verbs: subresource.verbs,
    })),
  ]);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

function plainResource(resource: Discovered): object {
  const { plural, singular, namespaced, kind, shortNames, categories } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: resource.verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
}

const AGGREGATED = "APIGroupDiscoveryList";

/** Version of the aggregated format that the client prefers to the plain one, if any. */
function aggregatedVersion(accept: string | undefined): string | undefined {
  for (const media of parseAccept(accept)) {
    if (!isJsonType(media)) continue;
    const { parameters } = media;
    const form = parameters.get("as");
    const version = parameters.get("v") ?? "";
    if (form === undefined) return undefined;
    if (form === AGGREGATED && ["v2", "v2beta1"].includes(version)) return version;
  }
  return undefined;
}

function aggregatedReply(version: string, groups: readonly string[]): WireReply {
  const group = "apidiscovery.k8s.io";
  return {
    status: 200,
    headers: { "Content-Type": `application/json;g=${group};v=${version};as=${AGGREGATED}` },
    body: {
      kind: AGGREGATED,
      apiVersion: `${group}/${version}`,
      metadata: {},
      items: groups.map(aggregatedGroup),
    },
  };
}

function aggregatedGroup(name: string): object {
  const versions = versionsOf(name).map((version) => ({
    version,
    resources: resourcesOf(name, version).map(aggregatedResource),
    freshness: "Current",
  }));
  return { metadata: { ...(name !== "" && { name }), creationTimestamp: null }, versions };
}

function aggregatedResource(resource: Discovered): object {
  const { group, version, kind, plural, singular, shortNames, categories } = resource;
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: resource.verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(resource.subresources.length > 0 && {
      subresources: resource.subresources.map((subresource) => ({
        subresource: subresource.name,
        responseKind: {
          group: subresource.group,
          version: subresource.version,
          kind: subresource.kind,
        },
        verbs: subresource.verbs,
      })),
    }),
  };
}
