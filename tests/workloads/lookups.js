#!/usr/bin/env node
// Looks up the names that it is given, with the resolver that Node brings (c-ares).
const { Resolver } = require("node:dns").promises;
const resolver = new Resolver({ timeout: 1000, tries: 1 });
(async () => {
  for (const name of process.argv.slice(2)) {
    await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  }
})();
