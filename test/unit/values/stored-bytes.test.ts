import { StoredBytes, decodeValue, encodeValue } from '../../../src/values';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

const hash = `bytes-sha256:${'0f'.repeat(32)}`;

describe('StoredBytes', () => {
  test.each([[{ hash, size: 5 }], [{ hash, size: 0, mediaType: 'text/csv' }]])(
    'comes back: %j',
    (reference) => {
      const stored = new StoredBytes(reference);
      const back = decodeValue(encodeValue({ report: stored })) as { report: StoredBytes };
      expect(back).toStrictEqual({ report: stored });
      expect(StoredBytes.is(back.report)).toBe(true);
      expect({ ...back.report }).toEqual(reference);
    },
  );

  it('is known by a mark, not by its looks', () => {
    expect(StoredBytes.is({ hash, size: 5 })).toBe(false);
    expect(StoredBytes.is(null)).toBe(false);
    expect(encodeValue({ hash, size: 5 })).not.toEqual(encodeValue(new StoredBytes({ hash, size: 5 })));
  });

  it('of another copy of the package is known too', () => {
    let other!: typeof import('../../../src/values');
    jest.isolateModules(() => {
      other = jest.requireActual('../../../src/values');
    });
    const stored = new other.StoredBytes({ hash, size: 5 });
    expect(stored).not.toBeInstanceOf(StoredBytes);
    expect(StoredBytes.is(stored)).toBe(true);
    expect(encodeValue(stored)).toEqual(encodeValue(new StoredBytes({ hash, size: 5 })));
  });

  test.each([
    ['a hash of JSON', { hash: hash.slice(6), size: 5 }],
    ['no hash', { hash: 'x', size: 5 }],
    ['a negative size', { hash, size: -1 }],
    ['half a byte', { hash, size: 0.5 }],
  ])('refuses %s', (_, reference) => {
    expect(thrownBy(() => new StoredBytes(reference))).toMatchObject(
      refusal('InvalidConfig', String(reference.hash)),
    );
  });
});
