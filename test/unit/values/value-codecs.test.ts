import { contentHash, decodeText, decodeValue, encodeValue, registerValueCodec } from '../../../src/values';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
}
class Bonus extends Money {}
class Frame extends Uint8Array {}
class Tree {
  constructor(readonly children: readonly Tree[]) {}
}

const moneyCodec = {
  name: 'test.Money',
  type: Money,
  encode: ({ amount, currency }: Money) => ({ amount, currency }),
  decode: ({ amount, currency }: { amount: bigint; currency: string }) => {
    if (typeof amount !== 'bigint') throw new TypeError('amount is not a bigint');
    return new Money(amount, currency);
  },
};

beforeAll(() => {
  registerValueCodec(moneyCodec);
  registerValueCodec<Frame>({
    name: 'test.Frame',
    type: Frame,
    encode: (frame) => [...frame],
    decode: (numbers: number[]) => Frame.from(numbers),
  });
  registerValueCodec<Tree>({
    name: 'test.Tree',
    type: Tree,
    encode: ({ children }) => children,
    decode: (children: Tree[]) => new Tree(children),
  });
});

describe('a class with a codec', () => {
  it('is a value, wherever its instances are', () => {
    const price = new Money(5n, 'EUR');
    const value = { price, list: [price], map: new Map([[price, new Set([price])]]) };
    const back = decodeValue(encodeValue(value));
    expect(back).toStrictEqual(value);
    expect((back as typeof value).price).toBeInstanceOf(Money);
  });

  it('may hold instances of its own', () => {
    const tree = new Tree([new Tree([]), new Tree([new Tree([])])]);
    expect(decodeValue(encodeValue(tree))).toStrictEqual(tree);
  });

  it('goes before what its parent class is', () => {
    const frame = Frame.of(1, 2);
    expect(encodeValue(frame)).toEqual({ kind: 'json', text: '{"$type":"class:test.Frame","value":[1,2]}' });
    expect(decodeValue(encodeValue(frame))).toBeInstanceOf(Frame);
  });

  it('has another hash than its data', () => {
    const price = new Money(5n, 'EUR');
    expect(contentHash(encodeValue(price))).not.toBe(contentHash(encodeValue({ ...price })));
  });

  it('does not speak for its subclasses', () => {
    expect(thrownBy(() => encodeValue([new Bonus(5n, 'EUR')])).message).toMatch(
      /\$\[0\].*Bonus.*registerValueCodec/,
    );
  });

  it('may refuse stored data, which names the part and the codec', () => {
    const text = '[{"$type":"class:test.Money","value":{"amount":5,"currency":"EUR"}}]';
    const error = thrownBy(() => decodeText(text));
    expect(error).toMatchObject(refusal('NotDecodable', /\$\[0\].*test\.Money.*amount is not a bigint/));
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});

describe('a class without a codec', () => {
  it('is not decoded, and the message says what to import', () => {
    expect(thrownBy(() => decodeText('{"a":{"$type":"class:test.Absent","value":{}}}'))).toMatchObject(
      refusal('NotDecodable', /\$\.a .*test\.Absent.*registers it/),
    );
  });
});

describe('registering', () => {
  it('does nothing the second time', () => {
    expect(() => registerValueCodec(moneyCodec)).not.toThrow();
    expect(() => registerValueCodec({ ...moneyCodec })).not.toThrow();
  });

  it('refuses a name that another codec has', () => {
    class Other {}
    const clash = { name: 'test.Money', type: Other, encode: () => ({}), decode: () => new Other() };
    expect(thrownBy(() => registerValueCodec(clash))).toMatchObject(
      refusal('DuplicateDefinition', /test\.Money.*Other.*Money/),
    );
  });

  it('refuses a class that another codec has', () => {
    expect(thrownBy(() => registerValueCodec({ ...moneyCodec, name: 'test.Cash' }))).toMatchObject(
      refusal('DuplicateDefinition', /test\.Cash.*test\.Money/),
    );
    expect(thrownBy(() => decodeText('{"$type":"class:test.Cash","value":{}}')).code).toBe('NotDecodable');
  });

  test.each(['', '1st', 'with space', 'x'.repeat(201)])('refuses the name %j', (name) => {
    class Other {}
    const codec = { name, type: Other, encode: () => ({}), decode: () => new Other() };
    expect(thrownBy(() => registerValueCodec(codec)).code).toBe('InvalidName');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['an arrow function', () => 1],
    ['Object', Object],
    ['Array', Array],
    ['Date', Date],
    ['Map', Map],
    ['Uint8Array', Uint8Array],
  ])('refuses %s as class', (_, type) => {
    const codec = {
      name: 'test.BuiltIn',
      type: type as typeof Money,
      encode: () => 1,
      decode: () => ({}) as Money,
    };
    expect(thrownBy(() => registerValueCodec(codec))).toMatchObject(refusal('InvalidConfig', 'test.BuiltIn'));
  });
});
