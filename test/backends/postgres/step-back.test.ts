import { createPostgresRunHistory } from '../../../src/adapters/postgres';
import { noticeStepBack } from '../../support/step-back';
import { Schemas } from './places';

const schemas = new Schemas();
beforeAll(() => schemas.make());
afterAll(() => schemas.drop());

test('a database that went back in time is noticed by whoever has lost commits, and told once', async () => {
  const { url } = schemas.fresh();
  const histories = [
    await createPostgresRunHistory({ url }),
    await createPostgresRunHistory({ url }),
  ] as const;
  const { told, recorded, kept } = await noticeStepBack(histories);
  expect(told.map(([, isFirst]) => isFirst)).toEqual([true, false]);
  expect(recorded).toEqual([told[0]![0]]);
  expect(recorded[0]).toMatchObject({ lost_after: kept });
  for (const history of histories) await history.close();
});
