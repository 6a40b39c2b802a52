#!/usr/bin/env node
// Serves at the first port by asking the second one: in the same trace, as a span of its own that it tells nobody of.
const http = require("node:http");
const { randomBytes } = require("node:crypto");
const [port, behind] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true });
http
  .createServer((request, response) => {
    const [version, trace, , flags] = (request.headers.traceparent ?? "00-0-0-00").split("-");
    const traceparent = [version, trace, randomBytes(8).toString("hex"), flags].join("-");
    const options = { host: "127.0.0.1", port: behind, path: request.url, headers: { traceparent }, agent };
    http.get(options, (answer) => {
      response.writeHead(answer.statusCode);
      answer.pipe(response);
    });
  })
  .listen(port, "127.0.0.1");
