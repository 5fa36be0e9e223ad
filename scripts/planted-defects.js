'use strict';
/**
 * `npm run defects`: whether the tests find defects. Each one of `scripts/tests/planted-defects.js` is planted, and the test file that should find it must
 * fail then; without any of them, it must pass. Where jest alone loads the file, the defect is planted as it is loaded: all of these go through jest
 * together. The others, in files that servers, bundlers and other processes read, are planted into a copy of the sources, one at a time.
 */
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bootstrap, fail, root } = require('./bootstrap');
const { groupOf, needsServer, quickFiles } = require('./tests/groups');
const { DEFECTS, planted } = require('./tests/planted-defects');
const { table } = require('./tests/table');

const USAGE = `npm run defects -- [--only N]... [--quick]

Plants defects into the sources that tests see, and says which of them the tests find.

  --only N   only the one of this number in scripts/tests/planted-defects.js, from 1; may be given several times
  --quick    only those whose tests need no server and fail within seconds, and without the proof that these tests pass without a
             defect: what npm run test:all does, which runs these tests, too
`;

/** Limit of a test that sets none. Some defects let tests wait for what never comes. */
const TEST_LIMIT_MS = 60_000;
/** Jest is killed when it has ended no test file for so long. */
const FILE_LIMIT_MS = 10 * 60_000;

const isInMemory = ({ foundBy, isBundled }) => !needsServer(foundBy) && !isBundled;

function chosen(args) {
  const numbers = [];
  let isQuick = false;
  for (let index = 0; index < args.length; index++) {
    const [option, value] = args[index].split('=');
    if (option === '--quick') {
      isQuick = true;
      continue;
    }
    if (option !== '--only') fail(`unknown argument "${args[index]}"\n\n${USAGE}`);
    const number = Number(value ?? args[++index]);
    if (DEFECTS[number - 1] === undefined) fail(`--only takes a number from 1 to ${DEFECTS.length}`);
    numbers.push(number);
  }
  const all = DEFECTS.map((defect, index) => ({ ...defect, number: index + 1 }));
  const defects = all.filter(
    (defect) =>
      (numbers.length === 0 || numbers.includes(defect.number)) &&
      (!isQuick || (isInMemory(defect) && !defect.isSlow)),
  );
  return { defects, isQuick };
}

function requirePlaces(defects) {
  for (const defect of defects)
    try {
      planted(defect, fs.readFileSync(path.join(root, defect.file), 'utf8'));
    } catch (error) {
      fail(`defect ${defect.number}: ${error.message}`);
    }
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

/** Ends jest and the processes that it works in, one of which may be in an endless loop. */
function killRunning() {
  try {
    if (running) process.kill(-running.pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/**
 * Runs jest; returns what became of each test file, in the order in which they ended.
 *
 * @param {string} folder of the sources
 * @param {string} scratch a folder
 * @param {(end: object) => void} told of each at once
 */
function runJest(folder, scratch, args, told) {
  const report = path.join(scratch, 'report.jsonl');
  fs.writeFileSync(report, '');
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const options = ['--forceExit', `--testTimeout=${TEST_LIMIT_MS}`];
  options.push('--reporters', path.join(root, 'scripts', 'tests', 'defects-reporter.js'));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [jest, ...options, ...args], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SELVAGE_DEFECTS_REPORT: report },
    });
    running = child;
    const ends = [];
    const read = () => {
      const lines = fs.readFileSync(report, 'utf8').split('\n').slice(ends.length, -1);
      for (const line of lines) {
        ends.push(JSON.parse(line));
        told(ends.at(-1));
        timer.refresh();
      }
    };
    const timer = setTimeout(killRunning, FILE_LIMIT_MS);
    const reading = setInterval(read, 500);
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-20_000)));
    child.on('error', (error) => fail(`jest could not be started: ${error.message}`));
    child.on('close', () => {
      read();
      clearTimeout(timer);
      clearInterval(reading);
      running = undefined;
      resolve({ ends, output });
    });
  });
}

const environment = path.join(root, 'scripts', 'tests', 'until-first-failure.js');

/** A project of jest that runs one test file, with a defect or without. */
function projectOf(name, foundBy, defect) {
  const [{ transform, ...unit }] = require('../jest.config').projects;
  const [[pattern, [, swc]]] = Object.entries(transform);
  const transformer = path.join(__dirname, 'tests', 'planting-transform.js');
  return {
    ...unit,
    // All have the same cache.
    id: 'selvage-defects',
    displayName: name,
    roots: ['src', 'test'].map((folder) => path.join(root, folder)),
    testMatch: [path.join(root, foundBy)],
    testEnvironment: environment,
    testEnvironmentOptions: { test: defect?.test },
    transform: { [pattern]: [transformer, { swc, ...(defect && { defect }) }] },
  };
}

const SOUND = 'without a defect: ';

/** Plants defects as jest loads their files. */
async function findInMemory(scratch, defects, isQuick) {
  if (defects.length === 0) return [];
  const files = isQuick ? [] : [...new Set(defects.map(({ foundBy }) => foundBy))];
  const projects = [
    ...files.map((file) => projectOf(`${SOUND}${file}`, file)),
    ...defects.map((defect) => projectOf(String(defect.number), defect.foundBy, defect)),
  ];
  // Not jest's own name for it: the sources that are copied here have one.
  const config = path.join(scratch, 'in-memory.json');
  fs.writeFileSync(config, JSON.stringify({ rootDir: root, projects }));
  const sound = new Map();
  const byNumber = new Map();
  const { output } = await runJest(root, scratch, ['--config', config, '--maxWorkers=2'], (end) => {
    if (end.project.startsWith(SOUND)) {
      const why = failsAnyway(end);
      sound.set(end.project.slice(SOUND.length), why);
      if (why) process.stderr.write(`${end.project}: ${why}\n`);
    } else {
      byNumber.set(Number(end.project), end);
      tell(
        defects.find(({ number }) => String(number) === end.project),
        end,
      );
    }
  });
  if (byNumber.size < defects.length) process.stderr.write(`${output}\n`);
  return defects.map((defect) => {
    const end = byNumber.get(defect.number) ?? NOT_ENDED;
    const isSound = isQuick || (sound.has(defect.foundBy) && sound.get(defect.foundBy) === undefined);
    return { ...defect, seconds: end.seconds.toFixed(0), isFound: isSound && isFound(end) };
  });
}

const NOT_ENDED = { failed: 0, broken: 'jest did not end', seconds: 0 };

const isFound = ({ failed, broken }) => failed > 0 && broken === undefined;

/** Tests that fail without a defect show nothing. */
const failsAnyway = ({ failed, broken, output }) =>
  failed === 0 && broken === undefined ? undefined : `${broken ?? `${failed} tests fail`}\n${output ?? ''}`;

function tell({ number }, end) {
  const what = isFound(end) ? `found: ${end.first}` : `NOT FOUND (${end.broken ?? 'all tests pass'})`;
  process.stderr.write(`${number}: ${what}, ${end.seconds.toFixed(0)} s\n`);
  if (!isFound(end) && end.broken !== undefined) process.stderr.write(`${end.output ?? ''}\n`);
}

/** Plants defects into a copy of the sources, one after another. */
async function findOnDisk(folder, defects) {
  if (defects.length === 0) return [];
  copySources(folder);
  const run = async (file, test) => {
    const args = ['--maxWorkers=1', '--env', environment, '--runTestsByPath', file];
    if (test) args.push('--testEnvironmentOptions', JSON.stringify({ test }));
    const { ends, output } = await runJest(folder, folder, args, () => {});
    return ends[0] ?? { ...NOT_ENDED, output };
  };
  const sound = new Map();
  for (const { foundBy } of defects) {
    if (sound.has(foundBy)) continue;
    sound.set(foundBy, failsAnyway(await run(foundBy)));
    process.stderr.write(`${SOUND}${foundBy}: ${sound.get(foundBy) ?? 'passes'}\n`);
  }
  const ends = [];
  for (const defect of defects) {
    const copy = path.join(folder, defect.file);
    const text = fs.readFileSync(copy, 'utf8');
    fs.writeFileSync(copy, planted(defect, text));
    const end = await run(defect.foundBy, defect.test);
    fs.writeFileSync(copy, text);
    tell(defect, end);
    const isSound = sound.get(defect.foundBy) === undefined;
    ends.push({ ...defect, seconds: end.seconds.toFixed(0), isFound: isSound && isFound(end) });
  }
  return ends;
}

async function main(args) {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return;
  }
  const { defects, isQuick } = chosen(args);
  requirePlaces(defects);
  bootstrap();
  const begun = performance.now();
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'selvage-defects-'));
  process.on('exit', () => {
    killRunning();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  const inMemory = await findInMemory(folder, defects.filter(isInMemory), isQuick);
  const onDisk = await findOnDisk(
    folder,
    defects.filter((defect) => !isInMemory(defect)),
  );
  const ends = [...inMemory, ...onDisk].sort((a, b) => a.number - b.number);
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
