'use strict';
/** What jest says of a group at its end, in the words of the closing table. */
const path = require('node:path');

/**
 * @typedef {object} Summary
 * @property {number} passed
 * @property {readonly { file: string, test: string, why?: string }[]} failed
 * @property {readonly { file: string, test: string }[]} skipped
 * @property {readonly { file: string, seconds: number }[]} files
 */

/**
 * A file that could not be loaded has no test of its own, and one that jest never ended no result: each counts as one that failed.
 *
 * @param {{ testResults: readonly object[] } | undefined} result jest's summary; absent where it broke off
 * @param {readonly string[]} wanted files that were to run, relative to the root
 * @param {string} root
 * @param {number | null} code exit status of jest
 * @returns {Summary}
 */
function summarise(result, wanted, root, code) {
  const results = (result?.testResults ?? []).map((of) => ({
    ...of,
    file: path.relative(root, of.name).split(path.sep).join('/'),
  }));
  const tests = results.flatMap(({ assertionResults, file }) =>
    assertionResults.map(({ status, fullName, failureMessages = [] }) => ({
      status,
      file,
      test: fullName,
      why: withoutColours(failureMessages.join('\n')),
    })),
  );
  const have = (wantedStatus) => tests.filter(({ status }) => status === wantedStatus);
  const failed = [
    ...have('failed').map(({ file, test, why }) => ({ file, test, ...(why && { why }) })),
    ...results.filter(brokeOff).map(({ file, message }) => ({ file, test: whyUnloaded(message) })),
    ...wanted
      .filter((file) => !results.some((of) => of.file === file))
      .map((file) => ({ file, test: 'did not come to its end' })),
  ];
  if (failed.length === 0 && code !== 0)
    failed.push({ file: 'jest', test: `ended with status ${String(code)}` });
  return {
    passed: have('passed').length,
    failed,
    skipped: have('pending').map(({ file, test }) => ({ file, test })),
    files: results.map(({ file, startTime, endTime }) => ({ file, seconds: (endTime - startTime) / 1000 })),
  };
}

const brokeOff = ({ status, assertionResults }) =>
  status === 'failed' && !assertionResults.some((test) => test.status === 'failed');

/** Jest's message begins with a heading and has the reason in the first line that says something below it. */
function whyUnloaded(message = '') {
  const lines = withoutColours(message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('●'));
  return `could not be run: ${lines[0] ?? 'jest does not say why'}`;
}

const withoutColours = (text) => text.replace(/\u001b\[[0-9;]*m/g, '');

module.exports = { summarise, withoutColours };
