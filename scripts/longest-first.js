'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

/** Minutes each: begun last, one of them would run on alone while the other worker has nothing left to do. */
const LONGEST = [
  'integration/ten-thousand.test.ts',
  'crash/campaign.test.ts',
  'faults/restarts.test.ts',
  'faults/on-the-line.test.ts',
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
