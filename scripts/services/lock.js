'use strict';
const { createHash } = require('node:crypto');
const net = require('node:net');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

/**
 * Runs `work` while no other process of this machine holds the lock of `file`, which need not exist.
 *
 * The lock is a socket in Linux's abstract name space: only one process can have it, and the system frees it the moment
 * its holder ends, however it ends. So there is no stale lock to detect.
 */
async function withLock(file, limitMs, work) {
  const hash = createHash('sha256').update(path.resolve(file)).digest('hex').slice(0, 32);
  const release = await take(`\0selvage-services-${hash}`, file, Date.now() + limitMs);
  try {
    return await work();
  } finally {
    release();
  }
}

async function take(name, file, giveUpAt) {
  for (;;) {
    const release = await tryToTake(name);
    if (release) return release;
    if (Date.now() >= giveUpAt)
      throw new Error(`another process holds ${file} for too long: look what it does`);
    await sleep(50);
  }
}

function tryToTake(name) {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen({ path: name, exclusive: true }, () => resolve(() => server.close()));
  });
}

module.exports = { withLock };
