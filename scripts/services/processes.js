'use strict';
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

/**
 * Starts a program that goes on when this process ends, with its output in a file. Resolves to its id and start time;
 * together they name one process for ever, which an id alone does not.
 */
async function startDaemon({ command, args, cwd, log, env = {}, user }) {
  const output = fs.openSync(log, 'a');
  try {
    const child = spawn(command, args, {
      cwd,
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, LC_ALL: 'C', ...env },
      ...user,
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return { pid: child.pid, startedAt: startTime(child.pid) ?? 'ended' };
  } finally {
    fs.closeSync(output);
  }
}

/** The start time of a process since boot; undefined where it has ended, even if its parent has not collected it yet. */
function startTime(pid) {
  let stat;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the name in brackets, and may hold spaces and brackets itself; the third is the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 'ZX'.includes(fields[0]) && threadsOf(pid) <= 1 ? undefined : fields[19];
}

/** A killed process of many threads holds its ports until the last of them has ended. */
function threadsOf(pid) {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

function isAlive({ pid, startedAt }) {
  return startTime(pid) === startedAt;
}

function signal({ pid }, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Sends the signal and waits for the end; kills the process if it takes longer than `limitMs`. */
async function end(identity, name, limitMs) {
  if (!isAlive(identity)) return;
  signal(identity, name);
  if (await ended(identity, limitMs)) return;
  signal(identity, 'SIGKILL');
  if (!(await ended(identity, 30_000)))
    throw new Error(`process ${identity.pid} does not end, not even by SIGKILL`);
}

async function ended(identity, limitMs) {
  const giveUpAt = Date.now() + limitMs;
  while (isAlive(identity)) {
    if (Date.now() >= giveUpAt) return false;
    await sleep(20);
  }
  return true;
}

/** Runs a program to its end. Answers why it failed, undefined where it did not. */
function run(command, args, { limitMs, ...options }) {
  const {
    error,
    status,
    signal: killedBy,
    stderr,
    stdout,
  } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: limitMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  if (error) {
    if (error.code === 'ENOENT') return `there is no program ${command}`;
    return error.code === 'ETIMEDOUT' ? `took longer than ${limitMs / 1000} s` : error.message;
  }
  if (status === 0) return undefined;
  const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-3);
  return `${killedBy ? `ended by ${killedBy}` : `exit code ${status}`}: ${lines.join(' | ')}`;
}

module.exports = { startDaemon, isAlive, end, run };
