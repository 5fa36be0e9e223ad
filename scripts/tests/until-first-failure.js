'use strict';
/** The environment of Node, in which the first test that fails is the last one of its file that runs. */
const { TestEnvironment } = require('jest-environment-node');

module.exports = class UntilFirstFailure extends TestEnvironment {
  hasFailed = false;

  async handleTestEvent({ name, test }) {
    if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
    if (name === 'test_done' && test.errors.length > 0) this.hasFailed = true;
  }
};
