import { registerValueCodec } from 'selvage';

class Money {
  constructor(
    readonly cents: bigint,
    readonly currency: string,
  ) {}
}

registerValueCodec({
  name: 'Money',
  type: Money,
  encode: ({ cents, currency }) => ({ cents, currency }),
  decode: (plain) => {
    const { cents, currency } = plain as { cents: bigint; currency: string };
    return new Money(cents, currency);
  },
});
