import { isConflict, isLost, selvageErrorOf } from '../../../../src/adapters/postgres/errors';
import { requireVersion } from '../../../../src/adapters/postgres/open';
import { type SelvageError } from '../../../../src/errors';
import { refusal } from '../../../support/refusal';

const PLACE = 'the database d at h:5432 (user u)';

/** As pg gives them: an SQLSTATE, or the code of a socket error. */
function errorWith(code: string, message = 'said by the server'): Error {
  return Object.assign(new Error(message), { code });
}

test.each([
  ['53100', 'DiskFull', /no space left/],
  ['28P01', 'BackendUnavailable', /does not let this user in/],
  ['28000', 'BackendUnavailable', /pg_hba\.conf/],
  ['3D000', 'BackendUnavailable', /does not exist/],
  ['42501', 'BackendUnavailable', /rights that Selvage needs/],
  ['25006', 'BackendUnavailable', /read-only/],
  ['53300', 'BackendUnavailable', /no connection left/],
  ['57P03', 'BackendUnavailable', /cannot be reached or went away/],
  ['ECONNREFUSED', 'BackendUnavailable', /cannot be reached or went away/],
  ['57014', 'BackendUnavailable', /in time/],
  ['42P01', 'BackendUnavailable', /tables any more/],
  ['53200', 'BackendUnavailable', /trouble of its own/],
  ['40001', 'BackendUnavailable', /too busy/],
])('%s is %s, and names the place', (sqlState, code, message) => {
  const error = selvageErrorOf(errorWith(sqlState), PLACE) as SelvageError;
  expect(error).toMatchObject({ code, details: { place: PLACE, reason: sqlState } });
  expect(error.message).toMatch(message);
  expect(error.message).toContain('atabase d at h:5432 (user u)');
});

test('an error of nobody but the caller stays what it is', () => {
  const error = errorWith('23505');
  expect(selvageErrorOf(error, PLACE)).toBe(error);
});

test.each(['22021', '22P05', '22P02', '22001', '22003', '54000', '54001', '23502', '23514'])(
  'what the server can never hold is final: %s',
  (code) => {
    const error = Object.assign(errorWith(code), { detail: 'Index row size 2800' });
    expect(selvageErrorOf(error, PLACE)).toMatchObject({
      code: 'NotStorable',
      message: expect.stringContaining('cannot hold this: said by the server (Index row size 2800)'),
      details: { reason: code },
    });
  },
);

test('a connection is lost by errors of the socket and of a server that goes, and not by others', () => {
  for (const code of ['ECONNRESET', '08006', '57P01', '57P02', '57P03', '25P03', '26000'])
    expect(isLost(errorWith(code))).toBe(true);
  for (const message of ['Connection terminated unexpectedly', 'Query read timeout'])
    expect(isLost(new Error(message))).toBe(true);
  // A name with two addresses gives one error for each.
  expect(isLost(new AggregateError([errorWith('ECONNREFUSED')]))).toBe(true);
  expect(isLost(errorWith('0A000', 'cached plan must not change result type'))).toBe(true);
  for (const code of ['23505', '40001', '28P01', '0A000']) expect(isLost(errorWith(code))).toBe(false);
  expect([isConflict(errorWith('40P01')), isConflict(errorWith('23505'))]).toEqual([true, false]);
});

test('a server that is too old is refused with the version that is needed', async () => {
  const rows = [{ number: 120_022, version: '12.22' }];
  const answering = { query: async () => ({ command: 'SELECT', rowCount: 1, rows }) };
  await expect(requireVersion(answering, PLACE)).rejects.toMatchObject(
    refusal('BackendUnavailable', /PostgreSQL 12\.22\. Selvage needs version 13 or later/),
  );
});
