import { execFileSync } from 'node:child_process';
import path from 'node:path';

const environment = path.resolve(__dirname, '../../../scripts/tests/environment.js');

/** In a process of its own, as the storage of jest itself would be disabled, too. */
test('an AsyncLocalStorage that a test file entered is out of use when the file ends', () => {
  const program = `
    const { AsyncLocalStorage } = require('node:async_hooks');
    const Environment = require(${JSON.stringify(environment)});
    const storage = new AsyncLocalStorage();
    const endFile = async () => {
      const before = storage.getStore();
      const config = { projectConfig: { globals: {}, testEnvironmentOptions: {} } };
      await new Environment(config, { docblockPragmas: {} }).teardown();
      console.log(before, storage.getStore());
    };
    storage.run('run', endFile).then(() => {
      storage.enterWith('entered');
      return endFile();
    });
  `;
  const output = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  expect(output).toBe('run undefined\nentered undefined\n');
});
