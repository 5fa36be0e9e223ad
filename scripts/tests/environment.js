'use strict';
/**
 * The environment of Node for test files, which leaves no `AsyncLocalStorage` in use. One that was entered makes each promise of the process
 * slower until it is disabled. Jest, Temporal and OpenTelemetry make some for each test file: after a hundred files in one process, promises
 * took a hundred times as long.
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');

/** Those that were entered since the last test file. */
const entered = new Set();

for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...args) {
    entered.add(this);
    return original.apply(this, args);
  };
}

module.exports = class Environment extends TestEnvironment {
  async teardown() {
    await super.teardown();
    for (const storage of entered) storage.disable();
    entered.clear();
  }
};
