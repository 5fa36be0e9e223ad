/** Program: holds a lease on the embedded server of the project folder that is its first argument, until told to release it. */
import { EmbeddedServer } from '../../../src/server';
import { SelvageError } from '../../../src/errors';
import type { HolderMessage } from './holder';

async function hold(projectDir: string): Promise<void> {
  const server = await EmbeddedServer.acquire({
    projectDir,
    onRestart: (pid) => tell({ kind: 'restarted', pid }),
  });
  process.on('message', (order) => {
    if (order === 'leave') process.exit();
    void server.release().then(() => {
      tell({ kind: 'released' });
      process.disconnect();
    });
  });
  tell({ kind: 'acquired', pid: server.pid, address: server.address });
}

function tell(message: HolderMessage): void {
  process.send!(message);
}

// A test that ends early must not leave its holders behind.
process.on('disconnect', () => process.exit());
hold(process.argv[2]!).catch((error: unknown) => {
  if (SelvageError.is(error)) tell({ kind: 'failed', code: error.code, message: error.message });
  else tell({ kind: 'failed', code: 'none', message: String(error) });
  process.disconnect();
});
