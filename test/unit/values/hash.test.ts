import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import {
  contentHash,
  defaultSha256,
  encodedSize,
  encodeValue,
  hashJson,
  hashText,
  isHash,
  type Sha256,
} from '../../../src/values';

const nodeSha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');

describe('contentHash', () => {
  it('is sha256 of the canonical text of most values', () => {
    expect(contentHash(encodeValue({ x: 5 }))).toBe(`sha256:${nodeSha256('{"x":5}')}`);
  });

  it('is what sha256sum says of bytes, under a name of its own', () => {
    expect(contentHash(encodeValue(new TextEncoder().encode('hello')))).toBe(
      'bytes-sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    );
  });

  it('keeps bytes apart from text, and from bytes in a list', () => {
    const bytes = new TextEncoder().encode('"hello"');
    const hashes = [bytes, 'hello', [bytes]].map((value) => contentHash(encodeValue(value)));
    expect(new Set(hashes).size).toBe(3);
  });

  it('takes a faster sha256', () => {
    const value = { text: 'é\u{1f600}', bytes: Uint8Array.of(0, 255) };
    expect(contentHash(encodeValue(value), nodeSha256)).toBe(contentHash(encodeValue(value)));
    expect(hashText('é', nodeSha256)).toBe(hashText('é'));
    expect(hashJson({ é: 1 }, nodeSha256)).toBe(hashJson({ é: 1 }));
  });
});

describe('defaultSha256', () => {
  it('takes a Buffer and bytes of another realm', () => {
    const expected = nodeSha256('abc');
    expect(defaultSha256(Buffer.from('abc'))).toBe(expected);
    expect(defaultSha256(runInNewContext('Uint8Array.of(97, 98, 99)') as Uint8Array)).toBe(expected);
    expect(defaultSha256('abc')).toBe(expected);
  });
});

describe('encodedSize', () => {
  test.each([
    ['ASCII', 'plain'],
    ['two bytes', 'é\u07ff'],
    ['three bytes', '\u0800€\uffff'],
    ['four bytes', '\u{1f600}\u{10ffff}'],
  ])('counts UTF-8: %s', (_, text) => {
    expect(encodedSize(encodeValue(text))).toBe(Buffer.byteLength(JSON.stringify(text)));
  });

  it('counts bytes', () => {
    expect(encodedSize(encodeValue(new Uint8Array(7)))).toBe(7);
  });
});

describe('isHash', () => {
  const digits = 'a1'.repeat(32);

  test.each([`sha256:${digits}`, `bytes-sha256:${digits}`])('%s is one', (text) => {
    expect(isHash(text)).toBe(true);
  });

  test.each([
    '',
    digits,
    `sha1:${digits}`,
    `sha256:${digits}0`,
    `sha256:${digits.toUpperCase()}`,
    `sha256:${digits}\n`,
  ])('%j is none', (text) => {
    expect(isHash(text)).toBe(false);
  });
});
