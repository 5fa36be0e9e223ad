import path from 'node:path';
import { userFrame } from '../../../src/runtime/user-frame';

const root = path.resolve(__dirname, '../../..');
const LIBRARY = [
  'TypeError: fetch failed (/no/frame.ts:1:1)',
  '    at node:internal/deps/undici/undici:14976:13',
  '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
  '    at Client.query (/p/node_modules/pg/lib/client.js:7:7)',
  `    at open (${root}/lib/backends/open.js:1:1)`,
  `    at open (${root}/src/backends/open.ts:1:1)`,
];
const stack = (...frames: string[]): string => [...LIBRARY, ...frames].join('\n');

test.each([
  ['    at async Object.body (/p/pipeline.ts:3:49)', '/p/pipeline.ts:3:49'],
  ['    at /p/pipeline.ts:3:49', '/p/pipeline.ts:3:49'],
  ['    at new Thing (file:///p/a%20b/pipeline.mts?tsx-namespace=1:3:49)', '/p/a%20b/pipeline.mts:3:49'],
  ['    at body (C:\\p\\pipeline.ts:3:49)', 'C:\\p\\pipeline.ts:3:49'],
  ['    at body (file:///C:/p/pipeline.ts:3:49)', 'C:/p/pipeline.ts:3:49'],
  ['    at Array.map (<anonymous>)\n    at body (/p/a b/pipeline.ts:3:49)', '/p/a b/pipeline.ts:3:49'],
])('the first frame in a file of the user: %s', (frame, at) => {
  expect(userFrame(stack(frame, '    at main (/p/main.ts:1:1)'))).toBe(at);
});

test.each(['callBody', 'async callValidated'])(
  'what has called the body (%s) is not where it failed',
  (name) => {
    const called = `    at ${name} (${root}/src/runtime/call-body.ts:23:18)`;
    expect(userFrame(stack(called, '    at main (/p/main.ts:1:1)'))).toBeUndefined();
  },
);

test.each(['', 'Error: no frames', stack()])('no frame of the user: %j', (text) => {
  expect(userFrame(text)).toBeUndefined();
});
