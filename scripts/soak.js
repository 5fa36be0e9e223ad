'use strict';
/** `npm run soak`: a long, steady load on the built package, and whether memory and handles stay flat. */
const path = require('node:path');
const { become, bootstrap, root } = require('./bootstrap');

bootstrap();
become(path.join(root, 'bench', 'soak', 'main.ts'), process.argv.slice(2), {
  nodeArguments: ['--expose-gc', '--require', require.resolve('tsx/cjs', { paths: [root] })],
});
