'use strict';
const net = require('node:net');

/** Below the range from which Linux takes the near end of outgoing connections, which would steal a port between two starts. */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS = 500;

/** As many different ports of 127.0.0.1 as asked for, each free at the moment. */
async function findFreePorts(count) {
  const found = new Set();
  for (let attempt = 0; attempt < ATTEMPTS && found.size < count; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) {
    throw new Error(
      `no ${count} free ports were found on 127.0.0.1 between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT}`,
    );
  }
  return [...found];
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

module.exports = { findFreePorts, isFree };
