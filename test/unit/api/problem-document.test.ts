import { SelvageError, type ErrorCode } from '../../../src/errors';
import { problemDocument } from '../../../src/api/problem-document';

test.each<[ErrorCode, number]>([
  ['InvalidParameters', 400],
  ['InvalidConfig', 400],
  ['UnknownRun', 404],
  ['UnknownEmitter', 404],
  ['UnknownStream', 404],
  ['RunOver', 409],
  ['NotResumable', 409],
  // What was removed is no failure of the process that serves the page.
  ['ValueMissing', 410],
  ['SubjectForgotten', 410],
  ['Redacted', 410],
  ['NotKept', 410],
  ['ValueDamaged', 500],
  ['InternalError', 500],
  ['BackendUnavailable', 503],
  ['DiskFull', 503],
  ['KeyMissing', 503],
  ['NoWorker', 503],
  ['ServerUnreachable', 503],
  ['BackendsDiffer', 503],
])('%s is answered with %i', (code, status) => {
  expect(problemDocument(new SelvageError(code, 'so it is'))).toMatchObject({
    code,
    status,
    detail: 'so it is',
  });
});

test('an error that is not of Selvage says nothing of itself', () => {
  const problem = problemDocument(new Error('secret'));
  expect(problem.status).toBe(500);
  expect(JSON.stringify(problem)).not.toContain('secret');
});
