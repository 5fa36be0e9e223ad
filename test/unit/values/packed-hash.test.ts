import fc from 'fast-check';
import { hashText, packHash, unpackHash } from '../../../src/values';

test('a packed hash comes back, and has 43 characters', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const hash = hashText(text);
      expect(packHash(hash)).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(unpackHash(packHash(hash))).toBe(hash);
    }),
  );
});

test('it is the base64url of the digest', () => {
  const hash = hashText('selvage');
  expect(packHash(hash)).toBe(Buffer.from(hash.slice('sha256:'.length), 'hex').toString('base64url'));
});

test.each(['', 'x', 'sha256:00', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}+`, `${'A'.repeat(42)}B`])(
  'what is none is not unpacked: %p',
  (text) => {
    expect(unpackHash(text)).toBeUndefined();
  },
);
