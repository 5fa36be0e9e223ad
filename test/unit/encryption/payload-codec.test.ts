import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { createEncryption } from '../../../src/encryption';
import { SealingPayloadCodec, sealingConverter } from '../../../src/encryption/payload-codec';

const keys = (...ids: string[]): string =>
  ids.map((id) => `${id}:${Buffer.alloc(32, id).toString('base64')}`).join();
const encryption = (text: string, payloads = true) =>
  createEncryption({ keys: text, subjectKeys: 'memory:', payloads });
const codec = (text: string): SealingPayloadCodec => new SealingPayloadCodec(encryption(text).keyring);
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const value = ({ metadata, data }: Payload): unknown =>
  defaultPayloadConverter.fromPayload({ metadata: metadata!, data: data! });

test('payloads are sealed with the current key and opened with any', async () => {
  const [sealed] = (await codec(keys('a')).encode([payload({ name: 'Ada' })])) as [Payload];
  expect(
    JSON.stringify(Object.values(sealed).map((part) => Buffer.from(JSON.stringify(part)).toString())),
  ).not.toMatch(/Ada|json/);
  expect(Buffer.from(sealed.data!).toString('latin1')).not.toMatch(/Ada|json/);
  const [opened] = (await codec(keys('b', 'a')).decode([sealed])) as [Payload];
  expect(value(opened)).toEqual({ name: 'Ada' });
});

test('what is not sealed passes as it is', async () => {
  const plain = payload(1);
  expect(await codec(keys('a')).decode([plain, { metadata: {}, data: randomBytes(3) }])).toEqual([
    plain,
    expect.anything(),
  ]);
});

test('without the key it is KeyMissing, with a wrong one or changed ValueDamaged', async () => {
  const [sealed] = (await codec(keys('a')).encode([payload(1)])) as [Payload];
  await expect(codec(keys('b')).decode([sealed])).rejects.toMatchObject({ code: 'KeyMissing' });
  const wrong = codec(`a:${randomBytes(32).toString('base64')}`);
  await expect(wrong.decode([sealed])).rejects.toMatchObject({ code: 'ValueDamaged' });
  const data = Buffer.from(sealed.data!);
  data[data.length - 1]! ^= 1;
  await expect(codec(keys('a')).decode([{ ...sealed, data }])).rejects.toMatchObject({
    code: 'ValueDamaged',
  });
});

test("a user's own codecs come first, and ours is there once", () => {
  const own: PayloadCodec = { encode: async (all) => all, decode: async (all) => all };
  const sealing = encryption(keys('a'));
  const converter = sealingConverter({ payloadCodecs: [own], payloadConverterPath: './mine' }, sealing)!;
  expect(converter).toEqual({
    payloadConverterPath: './mine',
    payloadCodecs: [own, expect.any(SealingPayloadCodec)],
  });
  expect(sealingConverter(converter, sealing)).toBe(converter);
  expect(sealingConverter(undefined, encryption(keys('a'), false))).toBeUndefined();
  expect(sealingConverter(undefined, undefined)).toBeUndefined();
});
