'use strict';
/** Runs groups of tests with jest, and tells at the end what each took and what was skipped. */
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../bootstrap');
const { summarise, withoutColours } = require('./summary');
const { table } = require('./table');

/** A group of which no file comes to its end for so long hangs, and is ended. */
const MINUTES_OF_SILENCE = 20;
const SLOWEST_FILES = 10;
/** So much of each failure is told once more at the end, for readers who have only the last lines. */
const LINES_OF_A_FAILURE = 15;
const CHARACTERS_OF_A_LINE = 200;
/** Test files at a time, on two processors: most of them wait for a server. */
const FILES_AT_ONCE = 5;
const FILES_OF_A_GROUP = 2;
/** Where it runs alone. */
const FILES_OF_ONE_GROUP = 3;

/**
 * @typedef {object} Outcome of one group
 * @property {string} name
 * @property {number} budget minutes
 * @property {number} minutes
 * @property {number} passed
 * @property {readonly { file: string, test: string, why?: string }[]} failed
 * @property {readonly { file: string, test: string }[]} skipped
 * @property {readonly { file: string, seconds: number }[]} files
 */

/**
 * Each group begins, in their order, as soon as there is room for its files; a small one may overtake a large one that there is no room for.
 *
 * @template {{ readonly files: readonly string[], readonly atOnce?: number }} G
 * @template T
 * @param {readonly G[]} groups
 * @param {(group: G, workers: number) => Promise<T>} run
 * @returns {Promise<T[]>}
 */
async function schedule(groups, run) {
  const outcomes = new Map();
  const running = new Set();
  let waiting = [...groups];
  let room = FILES_AT_ONCE;
  const begin = (group) => {
    const atOnce = filesAtOnce(group);
    if (atOnce > room && running.size > 0) return;
    room -= atOnce;
    waiting = waiting.filter((other) => other !== group);
    const workers = groups.length > 1 ? Math.min(atOnce, group.files.length) : FILES_OF_ONE_GROUP;
    const over = run(group, workers).then((outcome) => {
      outcomes.set(group, outcome);
      room += atOnce;
      running.delete(over);
    });
    running.add(over);
  };
  while (waiting.length > 0 || running.size > 0) {
    waiting.forEach(begin);
    await Promise.race(running);
  }
  return groups.map((group) => outcomes.get(group));
}

const filesAtOnce = ({ atOnce, files }) => atOnce ?? Math.min(FILES_OF_A_GROUP, files.length);

/**
 * @param {readonly { name: string, minutes: number, files: readonly string[], environment?: object }[]} groups
 * @returns {Promise<Outcome[]>}
 */
async function runGroups(groups) {
  const building = new Map(groups.map((group) => [group, builtServices(group.builds)]));
  return await schedule(groups, async (group, workers) => {
    await building.get(group);
    return await runGroup(group, workers, groups.length > 1);
  });
}

/** What cannot be built is said by the tests that ask for it. */
async function builtServices(names = []) {
  if (names.length === 0) return;
  const program = path.join(root, 'scripts', 'services', 'main.js');
  const child = spawn(process.execPath, [program, 'install', ...names], { cwd: root, stdio: 'ignore' });
  await once(child, 'close').catch(() => {});
}

async function runGroup(group, workers, isOneOfSeveral) {
  const { name, minutes: budget, files, environment } = group;
  const summary = path.join(root, 'reports', `jest-${name}.json`);
  fs.mkdirSync(path.dirname(summary), { recursive: true });
  fs.rmSync(summary, { force: true });
  const begun = Date.now();
  const options = ['--maxWorkers', String(workers), '--verbose=false', '--json', '--outputFile', summary];
  const code = await jest([...options, '--runTestsByPath', ...files], {
    environment,
    prefix: isOneOfSeveral ? `${name.padEnd(8)} | ` : '',
    files,
  });
  const minutes = (Date.now() - begun) / 60_000;
  const result = fs.existsSync(summary) ? JSON.parse(fs.readFileSync(summary, 'utf8')) : undefined;
  return { name, budget, minutes, ...summarise(result, files, root, code) };
}

function jest(args, { environment, prefix, files }) {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args],
      {
        cwd: root,
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const open = new Set(files);
    const patience = setTimeout(() => {
      const told = `no file ended for ${MINUTES_OF_SILENCE} minutes: ended before ${[...open].join(', ')}`;
      process.stdout.write(`${prefix}${told}\n`);
      child.kill('SIGKILL');
    }, MINUTES_OF_SILENCE * 60_000);
    // With --json, jest's own result goes to stdout, too.
    child.stdout.resume();
    let rest = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        process.stdout.write(`${prefix}${line}\n`);
        if (open.delete(/^(?:PASS|FAIL) .*?(test\/\S+)/.exec(withoutColours(line))?.[1])) patience.refresh();
      }
    });
    child.on('error', (error) => {
      process.stdout.write(`${prefix}jest could not be started: ${error.message}\n`);
    });
    child.on('close', (code) => {
      clearTimeout(patience);
      if (rest) process.stdout.write(`${prefix}${rest}\n`);
      resolve(code);
    });
  });
}

/** The closing table, the slowest files, what was skipped, and how each failure begins. */
function report(outcomes) {
  const rows = [
    ['group', 'files', 'passed', 'failed', 'skipped', 'minutes', 'budget'],
    ...outcomes.map(({ name, files, passed, failed, skipped, minutes, budget }) => [
      name,
      files.length,
      passed,
      failed.length,
      skipped.length,
      minutes.toFixed(1),
      minutes > budget ? `${budget} (over)` : budget,
    ]),
  ].map((row) => row.map(String));
  const lines = table(rows, { alignRight: (column) => column > 0 });
  const slowest = outcomes
    .flatMap(({ name, files }) => files.map((file) => ({ ...file, name })))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST_FILES);
  lines.push('', 'The slowest files, in seconds:');
  for (const { file, name, seconds } of slowest)
    lines.push(`${seconds.toFixed(1).padStart(7)}  ${file} (${name})`);
  lines.push(...skippedLines(outcomes.flatMap(({ skipped }) => skipped)));
  lines.push(...failureLines(outcomes.flatMap(({ failed }) => failed)));
  return `${lines.join('\n')}\n`;
}

/** A test that is skipped says why in its name: how many there are of each reason. */
function skippedLines(skipped) {
  if (skipped.length === 0) return [];
  const counts = new Map();
  for (const { file, test } of skipped) {
    const reason = /\(skipped: (.*)\)$/i.exec(test)?.[1] ?? test;
    const line = `${file}: ${reason}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return ['', 'Skipped:', ...[...counts].map(([line, count]) => `${String(count).padStart(7)}  ${line}`)];
}

function failureLines(failed) {
  return failed.flatMap(({ file, test, why }) => {
    if (!why) return [];
    const lines = why.split('\n').filter((line) => line.trim() !== '');
    const told = lines.slice(0, LINES_OF_A_FAILURE).map((line) => `  ${line.slice(0, CHARACTERS_OF_A_LINE)}`);
    return ['', `${file}: ${test.replace(/\s+/g, ' ')}`, ...told];
  });
}

/** The last lines: each test that failed by file and full name, and the counts, which tools that read the output know. */
function closing(outcomes) {
  const failed = outcomes.flatMap(({ name, failed: ofGroup }) =>
    ofGroup.map(({ file, test }) => `  ${file} (${name}): ${test.replace(/\s+/g, ' ')}`),
  );
  const sum = (of) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const counts = [
    `${sum(({ passed }) => passed)} passed`,
    `${failed.length} failed`,
    `${sum(({ skipped }) => skipped.length)} skipped`,
  ].join(', ');
  return `${[...(failed.length > 0 ? ['Failed:', ...failed, ''] : []), counts].join('\n')}\n`;
}

module.exports = { schedule, runGroups, report, closing };
