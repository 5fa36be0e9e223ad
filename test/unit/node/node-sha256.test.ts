import { createHash } from 'node:crypto';
import { nodeSha256 } from '../../../src/node/node-sha256';

test.each(['', 'abc', 'ünïcode 😀'])('digests text as UTF-8: %j', (text) => {
  const expected = createHash('sha256').update(text, 'utf8').digest('hex');
  expect(nodeSha256(text)).toBe(expected);
  expect(nodeSha256(new TextEncoder().encode(text))).toBe(expected);
});
