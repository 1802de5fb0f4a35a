/**
 * Stands in for @actions/http-client in the bundles. Only @actions/core's way to an identity token needs
 * it, and the product has its own (shared/azure/github-credential.ts); the client and the undici that it
 * brings would be a third of each bundle, parsed at every start.
 */
exports.HttpClient = function HttpClient() {
  throw new Error("this bundle has no @actions/http-client: use shared/azure/github-credential.ts");
};
exports.BearerCredentialHandler = exports.HttpClient;
