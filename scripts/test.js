'use strict';
/** `npm test`: from a fresh clone to the result of all tests. Further arguments go to jest. */
const path = require('node:path');
const { become, bootstrap, root } = require('./bootstrap');

bootstrap();
become(path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'), process.argv.slice(2));
