'use strict';
/**
 * `npm test`: what a newcomer waits for. From a fresh clone it installs and builds what is missing, runs the tests that need no server and some of each
 * feature on the embedded one, and says what it has left out. Paths and options of jest as arguments: just those tests, of all that there are.
 */
const path = require('node:path');
const { become, bootstrap, root } = require('./bootstrap');
const { GROUPS, filesOf, quickFiles, testFiles } = require('./tests/groups');
const { closing, report, runGroups } = require('./tests/run-groups');

const MINUTES = 8;

async function main(args) {
  const others = args.filter((arg) => arg !== '--thorough');
  if (others.length < args.length) process.env['SELVAGE_TEST_THOROUGH'] = 'true';
  bootstrap();
  if (others.length > 0) {
    become(path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'), others);
    return;
  }
  const files = quickFiles();
  const outcomes = await runGroups([{ name: 'quick', minutes: MINUTES, files }]);
  process.stdout.write(`\n${report(outcomes)}\n${leftOut(files)}\n${closing(outcomes)}`);
  process.exitCode = outcomes.some(({ failed }) => failed.length > 0) ? 1 : 0;
}

function leftOut(files) {
  const all = testFiles();
  const lines = GROUPS.map((group) => {
    const left = group.again ?? filesOf(group, all).filter((file) => !files.includes(file));
    return `  ${group.name.padEnd(9)} ${String(left.length).padStart(3)} files: ${group.what}`;
  });
  return [
    'Left out, by group:',
    ...lines,
    'All of them: npm run test:all; one: npm run test:all -- --group faults; more random cases: --thorough.',
    '',
  ].join('\n');
}

void main(process.argv.slice(2));
