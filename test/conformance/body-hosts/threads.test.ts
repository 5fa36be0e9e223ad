import path from 'node:path';
import { startThread } from '../../../src/body-hosts';
import { describeStartedBodyHost } from '../../../src/testing/body-host/describe-body-host';

const noSocket = 'threads send one another messages, and no bytes';

const start = (module: string) => () => startThread(module, undefined);

describeStartedBodyHost('threads', start(path.join(__dirname, 'thread-bodies.ts')), {}, [
  { test: 'tells why a module cannot be loaded, and goes on', reason: 'a thread has one module' },
  {
    test: 'takes nothing for protocol that a body writes to its standard output and error',
    reason: 'a thread has those of its process',
  },
  {
    test: 'answers a ping while a body keeps it busy',
    reason: 'a body that keeps a thread busy keeps all of it',
  },
  { test: 'puts frames together from whatever pieces they come in', reason: noSocket },
  { test: 'ends the connection at what is no frame', reason: noSocket },
  { test: 'ends with its socket, whatever its bodies do', reason: noSocket },
  { test: 'ends where the connection ends in the middle of a frame', reason: noSocket },
  { test: 'ends where its worker has gone before it has said anything', reason: noSocket },
]);
