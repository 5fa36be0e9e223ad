'use strict';
/** `npm run crash`: the crash campaign of `test/crash/campaign`, on the sources. Further arguments go to it. */
const path = require('node:path');
const { become, installIfNeeded, root } = require('./bootstrap');

installIfNeeded();
become(path.join(root, 'test', 'crash', 'campaign', 'main.ts'), process.argv.slice(2), {
  nodeArguments: ['--require', require.resolve('tsx/cjs', { paths: [root] })],
});
