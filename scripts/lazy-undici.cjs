/** Stands in for undici in the bundles: the real one is evaluated when a proxy is configured. */
exports.ProxyAgent = function ProxyAgent(...options) {
  const undici = require("undici");
  return new undici.ProxyAgent(...options);
};
