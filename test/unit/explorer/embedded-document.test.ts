import type { EmbeddedDocument } from '../../../src/explorer';
import { answerFrom } from '../../../src/explorer/page/source/answer-from-document';

const document: EmbeddedDocument = {
  format: 1,
  kind: 'run',
  about: {
    version: '1',
    project: 'p',
    abilities: { act: false, readOnly: true, live: false, pages: ['run'] },
    tapestries: [],
  },
  run: {
    run: {
      runId: 'r',
      temporalRunId: 't',
      tapestry: 'orders',
      status: 'succeeded',
      startedAt: 1,
      tags: [],
      planHash: 'h',
    },
    graph: {
      tapestry: 'orders',
      planHash: 'h',
      knots: [{ id: 'load', kind: 'knot', configHash: 'c', inputs: [] }],
    },
  },
  values: { abc: { form: 'json', hash: 'abc', size: 1, json: 1, truncated: false } },
};

test('a file answers for the run that it holds', () => {
  expect(answerFrom(document, 'runs.show', { runId: 'r' })).toBe(document.run);
  expect(answerFrom(document, 'runs.list', {}).items).toEqual([document.run!.run]);
  expect(answerFrom(document, 'knots.show', { runId: 'r', knotId: 'load' })).toEqual({
    knotId: 'load',
    inputs: [],
  });
  expect(answerFrom(document, 'values.show', { hash: 'abc' })).toMatchObject({ json: 1 });
  expect(answerFrom(document, 'project.find', { text: 'LOA' }).items).toEqual([
    { kind: 'knot', runId: 'r', knotId: 'load' },
  ]);
});

test('what it does not hold is refused, and a value that is not there says so in its place', () => {
  expect(() => answerFrom(document, 'runs.show', { runId: 'other' })).toThrow('does not hold the run other');
  expect(() => answerFrom(document, 'knots.show', { runId: 'r', knotId: 'other' })).toThrow(
    'does not hold the knot other',
  );
  expect(() => answerFrom(document, 'schedules.list', {})).toThrow('does not answer schedules.list');
  expect(answerFrom(document, 'values.show', { hash: '__proto__' })).toMatchObject({
    form: 'none',
    code: 'NotKept',
  });
});
