import fc from 'fast-check';
import {
  decodeValue,
  encodeValue,
  listOfParts,
  listParts,
  partOf,
  recordOfParts,
  recordParts,
  valueOfPart,
} from '../../../src/values';

const values = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: false,
  withUnicodeString: true,
  maxDepth: 3,
});
const key = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('$type', '10', '9', '"', '\\', '},{'));

function encodable(value: unknown): boolean {
  try {
    encodeValue(value);
    return true;
  } catch {
    return false;
  }
}

test('a list taken apart has the texts of its elements, and put together again it is the list', () => {
  fc.assert(
    fc.property(fc.array(values.filter(encodable)), (list) => {
      const encoded = encodeValue(list);
      const parts = listParts(encoded)!;
      expect(parts).toEqual(list.map((element) => partOf(encodeValue(element))));
      expect(listOfParts(parts)).toEqual(encoded);
    }),
  );
});

test('so has a record, in the order of its text', () => {
  fc.assert(
    fc.property(fc.dictionary(key, values.filter(encodable)), (record) => {
      const encoded = encodeValue(record);
      const { keys, texts } = recordParts(encoded)!;
      expect([...keys].sort()).toEqual(Object.keys(record).sort());
      expect(texts).toEqual(keys.map((name) => partOf(encodeValue(record[name]))));
      expect(recordOfParts(new Map(keys.map((name, at) => [name, texts[at]!])))).toEqual(encoded);
    }),
  );
});

test('what is neither has no parts', () => {
  for (const value of ['[1]', 5, null, new Map([[1, 2]]), new Date(0), new Uint8Array(2), undefined, -0]) {
    expect(listParts(encodeValue(value))).toBeUndefined();
    expect(recordParts(encodeValue(value))).toBeUndefined();
  }
});

test('bytes are themselves where they stand alone, and a text in a list', () => {
  const bytes = new Uint8Array([0, 255]);
  const [part] = listParts(encodeValue([bytes])) as [string];
  expect(valueOfPart(part)).toEqual({ kind: 'bytes', bytes });
  expect(partOf(encodeValue(bytes))).toBe(part);
  expect(decodeValue(valueOfPart('5')!)).toBe(5);
});
