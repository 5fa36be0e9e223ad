/** Program: lets Temporal's SDK download its command-line program into a folder, its argument. */
import { loadOptional } from '../node/optional-package';
import { writeErrorLine } from '../node/terminal';

async function download(downloadDir: string): Promise<void> {
  const { TestWorkflowEnvironment } = loadOptional<typeof import('@temporalio/testing')>(
    '@temporalio/testing',
    { by: 'The download', install: '--save-dev @temporalio/testing' },
  );
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'cached-download', downloadDir },
      log: { format: 'pretty', level: 'error' },
    },
  });
  await environment.teardown();
}

if (require.main === module) {
  download(process.argv[2]!).catch((error: Error) => {
    // The error is one line, for an item of a list.
    writeErrorLine(error.message.replaceAll('\n', ' '));
    process.exitCode = 1;
  });
}
