'use strict';
/** `npm run bench`: the measurements of `bench/`, on the built package. Further arguments go to them. */
const path = require('node:path');
const { become, bootstrap, root } = require('./bootstrap');

bootstrap();
become(path.join(root, 'bench', 'main.ts'), process.argv.slice(2), {
  nodeArguments: ['--expose-gc', '--require', require.resolve('tsx/cjs', { paths: [root] })],
});
