'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

/** Half a minute and more each: begun last, one of them would run on alone while the other worker has nothing left to do. */
const LONGEST = [
  'faults/lost-answers.test.ts',
  'repair/temporal-database.test.ts',
  'integration/scrubbed-values.test.ts',
  'integration/many-signals.test.ts',
  'integration/child-runs.test.ts',
  'integration/waiting.test.ts',
  'cli/interrupt-every-verb.test.ts',
  'server/embedded-server.test.ts',
  'integration/maps.test.ts',
  'crash/workers.test.ts',
  'integration/continue-as-new.test.ts',
  'integration/cancel.test.ts',
];

/** Where no durations are known yet, as in a fresh clone, jest goes by the size of the files. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = LONGEST.findIndex((name) => path.endsWith(name));
      return place < 0 ? LONGEST.length : place;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
