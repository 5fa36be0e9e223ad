import { Selvage } from '../../src';
import { thrownBy } from '../support/thrown-by';

test('Selvage of `selvage` says that it is in `selvage/client`, whatever is done with it', () => {
  const { open, connect } = { open: 'open', connect: 'connect' };
  const elsewhere = Selvage as unknown as Record<string, (options: object) => unknown> & (new () => unknown);
  for (const use of [
    () => elsewhere[open]!({}),
    () => elsewhere[connect]!({}),
    () => new elsewhere(),
    () => ({}) instanceof elsewhere,
  ]) {
    expect(thrownBy(use)).toMatchObject({
      code: 'WrongImport',
      message: expect.stringContaining("import { Selvage } from 'selvage/client'"),
    });
  }
});
