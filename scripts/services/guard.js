'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/**
 * Leaves a small process behind that stops the services of `root`, and removes it, once the process `owner` has ended in a way in
 * which it could not do so itself. One for each folder; it ends when the folder goes.
 */
function guard(root, owner, command) {
  const mark = markOf(root);
  fs.mkdirSync(root, { recursive: true, mode: 0o711 });
  fs.chmodSync(root, 0o711);
  try {
    fs.writeFileSync(mark, '', { flag: 'wx' });
  } catch (error) {
    if (error.code === 'EEXIST') return;
    throw error;
  }
  const script =
    'root=$1; owner=$2; shift 2; while kill -0 "$owner" 2>/dev/null; do [ -d "$root" ] || exit 0; sleep 0.2; done; ' +
    'exec "$@" stop --remove --data "$root"';
  const child = spawn('/bin/sh', ['-c', script, 'guard', root, String(owner), ...command], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  fs.writeFileSync(mark, String(child.pid));
}

/** Ends the guard of `root`, if it has one and is not that itself. */
function dismissGuard(root) {
  const pid = fs.existsSync(markOf(root)) ? Number(fs.readFileSync(markOf(root), 'utf8')) : 0;
  if (pid === 0 || pid === process.pid) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function markOf(root) {
  return path.join(root, 'guard.pid');
}

module.exports = { guard, dismissGuard };
