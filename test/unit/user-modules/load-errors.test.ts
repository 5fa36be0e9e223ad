import { whyNotLoadable } from '../../../src/user-modules';
import { SelvageError } from '../../../src/errors';

const FILE = '/project/pipeline.ts';

function errorWith(fields: {
  name?: string;
  message: string;
  stack?: string;
  code?: string;
  requireStack?: string[];
}): Error {
  return Object.assign(new Error(fields.message), { stack: '', ...fields });
}

// Syntax errors, as the compiler and Node tell of them, are part of `integration/cli/bad-input.test.ts`.
test.each<[string, unknown, RegExp, string | undefined]>([
  [
    'what is thrown has frames, the first of ours counts',
    errorWith({
      name: 'TypeError',
      message: 'no\nsecond line',
      stack: `TypeError: no\n    at f (/project/node_modules/x/index.js:1:1)\n    at Object.<anonymous> (file://${FILE}:7:3)`,
    }),
    /pipeline\.ts:7:3: TypeError: no$/,
    `${FILE}:7:3`,
  ],
  [
    'a missing package',
    errorWith({
      code: 'MODULE_NOT_FOUND',
      message: `Cannot find module '@scope/name/deep'\nRequire stack:`,
      requireStack: [FILE],
    }),
    /Cannot find module '@scope\/name\/deep'\. Install it: npm install @scope\/name$/,
    FILE,
  ],
  [
    'a missing file of the project',
    errorWith({
      code: 'MODULE_NOT_FOUND',
      message: `Cannot find module './helper'`,
      requireStack: ['/project/other.ts'],
    }),
    /\/project\/other\.ts: Cannot find module '\.\/helper'\. Check the path of the import\.$/,
    '/project/other.ts',
  ],
  [
    'await at the top level of a CommonJS module',
    errorWith({
      message: `Transform failed with 1 error:\n${FILE}:3:0: ERROR: Top-level await is currently not supported`,
    }),
    /Top-level await .* name the file \.mts, or say "type": "module"/,
    `${FILE}:3:0`,
  ],
  ['what is no error', 'text', /could not be loaded\. It throws text, which is no error$/, undefined],
])('%s', (_, thrown, message, at) => {
  const error = whyNotLoadable(FILE, thrown);
  expect(error.code).toBe('FileNotLoadable');
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('\n');
  expect(error.details).toEqual({ file: FILE, ...(at !== undefined && { at }) });
  expect(error.cause).toBe(thrown);
});

test('an authoring error keeps code and details, and gains the place', () => {
  const thrown = new SelvageError('MissingId', 'A knot has no id.', { details: { definition: 'k' } });
  thrown.stack = `MissingId: A knot has no id.\n    at place (/x/selvage/place.js:1:1)\n    at ${FILE}:4:5`;
  const error = whyNotLoadable(FILE, thrown);
  expect(error.code).toBe('MissingId');
  expect(error.message).toBe(`A knot has no id. (${FILE}:4:5)`);
  expect(error.details).toEqual({ definition: 'k', file: FILE, at: `${FILE}:4:5` });
});
