'use strict';
const net = require('node:net');

const ANSWER_LIMIT_MS = 3_000;

/** Whether what a server on this machine answers first to a request, in time, is as it should be. */
function firstAnswer(port, request, isRight) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    const done = (ready) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(ANSWER_LIMIT_MS, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (answer) => done(isRight(answer)));
    socket.write(request);
  });
}

module.exports = { firstAnswer };
