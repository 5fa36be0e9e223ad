'use strict';
/**
 * `npm run defects`: whether the tests find defects. Each one of `scripts/tests/planted-defects.js` is planted into a copy of the sources, where the
 * test file that should find it must fail; without any of them, it must pass.
 */
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bootstrap, fail, root } = require('./bootstrap');
const { groupOf, quickFiles } = require('./tests/groups');
const { DEFECTS } = require('./tests/planted-defects');
const { table } = require('./tests/table');

const USAGE = `npm run defects -- [--only N]...

Plants defects into a copy of the sources, one at a time, and says which of them the tests find.

  --only N   only the one of this number in scripts/tests/planted-defects.js, from 1; may be given several times
`;

/** Limit of a test that sets none. Some defects let tests wait for what never comes. */
const TEST_LIMIT_MS = 60_000;
/** Limit of a test file that ignores the other limit. */
const FILE_LIMIT_MS = 10 * 60_000;

function chosen(args) {
  const numbers = [];
  for (let index = 0; index < args.length; index++) {
    const [option, value] = args[index].split('=');
    if (option !== '--only') fail(`unknown argument "${args[index]}"\n\n${USAGE}`);
    const number = Number(value ?? args[++index]);
    if (DEFECTS[number - 1] === undefined) fail(`--only takes a number from 1 to ${DEFECTS.length}`);
    numbers.push(number);
  }
  const all = DEFECTS.map((defect, index) => ({ ...defect, number: index + 1 }));
  return numbers.length === 0 ? all : all.filter(({ number }) => numbers.includes(number));
}

/** The text of the file with the defect in it. */
function planted({ number, file, before, after }, folder = root) {
  const text = fs.readFileSync(path.join(folder, file), 'utf8');
  const times = text.split(before).length - 1;
  if (times !== 1)
    fail(`defect ${number}: ${file} has this text ${times} times, and must have it once:\n${before}`);
  return text.replace(before, () => after);
}

/** All files but ignored ones, as they are now; the installed packages and the built page, which tests put into files, are shared. */
function copySources(folder) {
  const { stdout, status } = spawnSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) fail('the sources could not be listed: "git ls-files" failed');
  for (const file of stdout.split('\0').filter(Boolean)) {
    const source = path.join(root, file);
    // One that was removed and not committed yet is listed as well.
    if (!fs.existsSync(source)) continue;
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.copyFileSync(source, path.join(folder, file));
  }
  for (const shared of ['node_modules', 'lib/explorer/page-files']) {
    fs.mkdirSync(path.dirname(path.join(folder, shared)), { recursive: true });
    fs.symlinkSync(path.join(root, shared), path.join(folder, shared), 'junction');
  }
}

let running;

/** Runs test files in the copy; answers how many tests of them failed and which was the first, or why that cannot be told. */
function runTests(folder, files) {
  const summary = path.join(folder, 'summary.json');
  fs.rmSync(summary, { force: true });
  const jest = path.join(folder, 'node_modules', 'jest', 'bin', 'jest.js');
  const environment = path.join(folder, 'scripts', 'tests', 'until-first-failure.js');
  const options = ['--maxWorkers=1', '--forceExit', `--testTimeout=${TEST_LIMIT_MS}`, '--env', environment];
  const args = [...options, '--json', '--outputFile', summary, '--runTestsByPath', ...files];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [jest, ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running = child;
    const timer = setTimeout(() => child.kill('SIGKILL'), FILE_LIMIT_MS * files.length);
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-20_000)));
    child.on('error', (error) => fail(`jest could not be started: ${error.message}`));
    child.on('close', () => {
      clearTimeout(timer);
      running = undefined;
      resolve({ output, ...read(summary) });
    });
  });
}

function read(summary) {
  if (!fs.existsSync(summary)) return { failed: 0, broken: 'jest did not end' };
  const { numFailedTests, numPassedTests, testResults } = JSON.parse(fs.readFileSync(summary, 'utf8'));
  // What cannot even be loaded has not been tested.
  const isUnloaded = ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0;
  if (testResults.some(isUnloaded))
    return { failed: numFailedTests, broken: 'the test file cannot be loaded' };
  if (numPassedTests + numFailedTests === 0) return { failed: 0, broken: 'all its tests were skipped' };
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const first = tests.find(({ status }) => status === 'failed')?.fullName;
  return { failed: numFailedTests, broken: undefined, first };
}

/** Tests that fail without a defect show nothing. Answers whether there are any. */
async function failAnyway(folder, defects) {
  const files = [...new Set(defects.map(({ foundBy }) => foundBy))];
  process.stderr.write(`without a defect: ${files.length} test files\n`);
  const { failed, broken, output } = await runTests(folder, files);
  if (failed === 0 && broken === undefined) return false;
  process.stderr.write(`${output}\nselvage: ${broken ?? `${failed} tests fail without any defect`}\n`);
  return true;
}

async function find(folder, defect) {
  const { number, file, foundBy } = defect;
  const copy = path.join(folder, file);
  const sound = fs.readFileSync(copy);
  fs.writeFileSync(copy, planted(defect, folder));
  const begun = performance.now();
  const { failed, broken, first, output } = await runTests(folder, [foundBy]);
  fs.writeFileSync(copy, sound);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  const isFound = failed > 0 && broken === undefined;
  const end = isFound ? `found: ${first}` : `NOT FOUND (${broken ?? 'all tests pass'})`;
  process.stderr.write(`${number}: ${end}, ${seconds} s\n`);
  if (!isFound && broken !== undefined) process.stderr.write(`${output}\n`);
  return { ...defect, isFound, seconds };
}

async function main(args) {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return;
  }
  const defects = chosen(args);
  for (const defect of defects) planted(defect);
  bootstrap();
  const begun = performance.now();
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'selvage-defects-'));
  process.on('exit', () => {
    running?.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  copySources(folder);
  if (await failAnyway(folder, defects)) {
    process.exitCode = 1;
    return;
  }
  const ends = [];
  for (const defect of defects) ends.push(await find(folder, defect));
  const quick = quickFiles();
  const lines = table([
    ['', 'defect', 'file', 'found by', 'group', 'npm test', 'seconds'],
    ...ends.map(({ number, what, file, foundBy, isFound, seconds }) => [
      String(number),
      what,
      file,
      isFound ? foundBy : `NOT FOUND by ${foundBy}`,
      groupOf(foundBy)?.name ?? '',
      isFound && quick.includes(foundBy) ? 'yes' : 'no',
      seconds,
    ]),
  ]);
  const found = ends.filter(({ isFound }) => isFound);
  const byQuick = found.filter(({ foundBy }) => quick.includes(foundBy));
  const took = ((performance.now() - begun) / 1000).toFixed(0);
  process.stdout.write(
    `${lines.join('\n')}\n\n${found.length} of ${ends.length} found, ${byQuick.length} of them by npm test; ${took} s\n`,
  );
  process.exitCode = found.length < ends.length ? 1 : 0;
}

void main(process.argv.slice(2));
