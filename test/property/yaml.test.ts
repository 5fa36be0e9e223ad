import Ajv from 'ajv/dist/2020';
import fc from 'fast-check';
import { loadPipeline, SelvageError, type PipelineProblem } from '../../src';
import { pipelineJsonSchema } from '../../src/yaml';
import { runs } from '../support/thorough';
import { asText, callables, changedDocument, damagedText, validDocument } from '../support/yaml-documents';

/** What is wrong with a text; none: it becomes a tapestry. */
function problemsOf(text: string): readonly PipelineProblem[] {
  try {
    loadPipeline(text, { callables });
    return [];
  } catch (error) {
    if (!SelvageError.is(error, 'InvalidPipeline')) throw error;
    return error.details['problems'] as PipelineProblem[];
  }
}

const FORM = new Set(['UnknownKey', 'MissingKey', 'InvalidValue']);
const takes = new Ajv({ allErrors: false, strict: false }).compile(pipelineJsonSchema());

test('documents without mistakes are taken, in whatever way they are written', () => {
  fc.assert(
    fc.property(validDocument, fc.nat(5), (document, style) => {
      expect(problemsOf(asText(document, style))).toEqual([]);
      expect(takes(document)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('a damaged text is taken, or refused with a place for each error', () => {
  fc.assert(
    fc.property(damagedText, (text) => {
      const lines = text.split(/\r\n|\r|\n/);
      const isTold = ({ line, column, message }: PipelineProblem): boolean =>
        message !== '' &&
        line >= 1 &&
        line <= lines.length &&
        column >= 1 &&
        column <= lines[line - 1]!.length + 2;
      // Expected once for a text: an `expect` for each of its problems takes longer than all that is tested.
      expect(problemsOf(text).filter((problem) => !isTold(problem))).toEqual([]);
    }),
    { numRuns: runs(10_000, 100_000) },
  );
});

test('what the JSON Schema takes, the loader takes, as far as the form goes; and the other way round', () => {
  fc.assert(
    fc.property(changedDocument, (document) => {
      const problems = problemsOf(asText(document, 0));
      // What cannot be read as it is written, such as a number too large to be exact, has no form.
      fc.pre(problems.every(({ code }) => code !== 'YamlNotAllowed'));
      const wrong = problems.filter(({ code }) => FORM.has(code));
      if (takes(document)) expect(wrong).toEqual([]);
      else expect(wrong).not.toEqual([]);
    }),
    { numRuns: runs(1_500, 20_000) },
  );
});
