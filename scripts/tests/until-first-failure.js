'use strict';
/**
 * The environment of Node, in which the first test that fails is the last one of its file that runs. With its option `test`, only tests run
 * whose name has that text in it.
 */
const Environment = require('./environment');

/** A pattern of exactly this text. */
const textual = (text) => new RegExp(text.replaceAll(/[^\w\s]/g, '\\$&'));

module.exports = class UntilFirstFailure extends Environment {
  hasFailed = false;

  constructor(config, context) {
    super(config, context);
    this.only = config.projectConfig.testEnvironmentOptions.test;
  }

  async handleTestEvent({ name, test }, state) {
    if (name === 'run_start' && this.only) state.testNamePattern = textual(this.only);
    if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
    if (name === 'test_done' && test.errors.length > 0) this.hasFailed = true;
  }
};
