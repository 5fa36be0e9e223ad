'use strict';
/** A reporter of jest that writes what became of each test file into a file at once, so that it is there when jest has to be killed. */
const fs = require('node:fs');

module.exports = class DefectsReporter {
  onTestResult({ context }, { testResults, testExecError, failureMessage, perfStats }) {
    const failed = testResults.filter(({ status }) => status === 'failed');
    const ran = testResults.filter(({ status }) => status === 'failed' || status === 'passed');
    // What cannot even be loaded has not been tested.
    const isUnloaded = testExecError !== undefined && testResults.length === 0;
    const broken = isUnloaded ? 'the test file cannot be loaded' : 'all its tests were skipped';
    const end = {
      project: context.config.displayName.name,
      failed: failed.length,
      first: failed[0]?.fullName,
      ...(ran.length === 0 && { broken }),
      output: failureMessage ?? undefined,
      seconds: perfStats.runtime / 1000,
    };
    fs.appendFileSync(process.env['SELVAGE_DEFECTS_REPORT'], `${JSON.stringify(end)}\n`);
  }
};
