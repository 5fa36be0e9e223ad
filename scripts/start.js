'use strict';
/** `npm start`: from a fresh clone to a finished run of the weather example. Further arguments go to `selvage run`. */
const path = require('node:path');
const { become, bootstrap, root } = require('./bootstrap');

bootstrap();
become(path.join(root, 'lib', 'cli', 'main.js'), [
  'run',
  path.join('examples', 'weather', 'pipeline.ts'),
  ...process.argv.slice(2),
]);
