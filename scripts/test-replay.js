'use strict';
/** `npm run test:replay`: the integration tests with workers that replay the whole history at each workflow task. Arguments go to jest. */
const path = require('node:path');
const { become, bootstrap, root } = require('./bootstrap');

bootstrap();
process.env['SELVAGE_TEST_FORCED_REPLAY'] = 'true';
// The paths come first: all that follows --selectProjects is taken for the name of a project.
become(path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'), [
  ...process.argv.slice(2),
  '--selectProjects',
  'integration',
]);
