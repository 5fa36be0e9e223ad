/** Program: lets Temporal's SDK download its command-line program into the folder given as its argument. */
import { SelvageError } from '../errors';
import { writeErrorLine } from '../terminal';

async function download(downloadDir: string): Promise<void> {
  const { TestWorkflowEnvironment } = await loadTesting();
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'cached-download', downloadDir },
      log: { format: 'pretty', level: 'error' },
    },
  });
  await environment.teardown();
}

/** Loaded late: a user who has a server or the program need not have this package. */
async function loadTesting(): Promise<typeof import('@temporalio/testing')> {
  try {
    return await import('@temporalio/testing');
  } catch (error) {
    throw new SelvageError(
      'MissingPackage',
      'The download needs the package @temporalio/testing, and it could not be loaded. Install it: `npm install --save-dev @temporalio/testing`.',
      { details: { package: '@temporalio/testing' }, cause: error },
    );
  }
}

if (require.main === module) {
  download(process.argv[2]!).catch((error: Error) => {
    // On one line, because it becomes an item of a list.
    writeErrorLine(error.message.replaceAll('\n', ' '));
    process.exitCode = 1;
  });
}
