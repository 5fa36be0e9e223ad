'use strict';
/** Runs groups of tests with jest, and tells at the end what each took and what was skipped. */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../bootstrap');
const { table } = require('./table');

/** A group that takes so many times its budget hangs, and is ended. */
const PATIENCE = 6;
const SLOWEST_FILES = 10;
const GROUPS_AT_ONCE = 2;
/** Files at a time: one more than processors, since many wait for a server. */
const WORKERS_ALONE = '3';
const WORKERS_BESIDE_OTHERS = '2';

/**
 * @typedef {object} Outcome of one group
 * @property {string} name
 * @property {number} budget minutes
 * @property {number} minutes
 * @property {number} passed
 * @property {number} failed
 * @property {readonly { file: string, test: string }[]} skipped
 * @property {readonly { file: string, seconds: number }[]} files
 */

/**
 * Two groups at a time, in their order: one that mostly waits leaves room for one that computes.
 *
 * @param {readonly { name: string, minutes: number, files: readonly string[], environment?: object }[]} groups
 * @returns {Promise<Outcome[]>}
 */
async function runGroups(groups) {
  const outcomes = new Map();
  const waiting = [...groups];
  const lane = async () => {
    for (let group = waiting.shift(); group; group = waiting.shift())
      outcomes.set(group, await runGroup(group, groups.length > 1));
  };
  await Promise.all(Array.from({ length: GROUPS_AT_ONCE }, lane));
  return groups.map((group) => outcomes.get(group));
}

async function runGroup(group, isOneOfSeveral) {
  const { name, minutes: budget, files, environment } = group;
  const summary = path.join(root, 'reports', `jest-${name}.json`);
  fs.mkdirSync(path.dirname(summary), { recursive: true });
  fs.rmSync(summary, { force: true });
  const begun = Date.now();
  const workers = isOneOfSeveral ? WORKERS_BESIDE_OTHERS : WORKERS_ALONE;
  const options = ['--maxWorkers', workers, '--verbose=false', '--json', '--outputFile', summary];
  const code = await jest([...options, '--runTestsByPath', ...files], {
    environment,
    prefix: isOneOfSeveral ? `${name.padEnd(8)} | ` : '',
    limit: PATIENCE * budget * 60_000,
  });
  const minutes = (Date.now() - begun) / 60_000;
  return { name, budget, minutes, ...read(summary, files, code) };
}

function jest(args, { environment, prefix, limit }) {
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
    const timer = setTimeout(() => {
      process.stdout.write(`${prefix}not over after ${limit / 60_000} minutes: ended\n`);
      child.kill('SIGKILL');
    }, limit);
    // With --json, jest's own result goes to stdout, too.
    child.stdout.resume();
    let rest = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) process.stdout.write(`${prefix}${line}\n`);
    });
    child.on('error', (error) => {
      process.stdout.write(`${prefix}jest could not be started: ${error.message}\n`);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (rest) process.stdout.write(`${prefix}${rest}\n`);
      resolve(code);
    });
  });
}

/** A file that could not be loaded has no test of its own, and a run that broke off no summary: each counts as one that failed. */
function read(summary, wanted, code) {
  const result = fs.existsSync(summary) ? JSON.parse(fs.readFileSync(summary, 'utf8')) : { testResults: [] };
  const files = result.testResults.map(({ name, startTime, endTime }) => ({
    file: path.relative(root, name).split(path.sep).join('/'),
    seconds: (endTime - startTime) / 1000,
  }));
  const tests = result.testResults.flatMap(({ assertionResults }, index) =>
    assertionResults.map(({ status, fullName }) => ({ status, test: fullName, file: files[index].file })),
  );
  const count = (status) => tests.filter((test) => test.status === status).length;
  const unloaded = result.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const found = count('failed') + unloaded;
  const brokeOff = found === 0 && (code !== 0 || files.length < wanted.length) ? 1 : 0;
  return {
    passed: count('passed'),
    failed: found + brokeOff,
    skipped: tests.filter(({ status }) => status === 'pending'),
    files,
  };
}

/** The closing table, the slowest files, and what was skipped. */
function report(outcomes) {
  const rows = [
    ['group', 'files', 'passed', 'failed', 'skipped', 'minutes', 'budget'],
    ...outcomes.map(({ name, files, passed, failed, skipped, minutes, budget }) => [
      name,
      files.length,
      passed,
      failed,
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

/** Tools that read the output know this line. */
function closingLine(outcomes) {
  const sum = (of) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const counts = [
    `${sum(({ passed }) => passed)} passed`,
    `${sum(({ failed }) => failed)} failed`,
    `${sum(({ skipped }) => skipped.length)} skipped`,
  ];
  return `${counts.join(', ')}\n`;
}

module.exports = { runGroups, report, closingLine };
