/** Program: makes Temporal's SDK download its command-line program into the folder that is the one argument. */
import { TestWorkflowEnvironment } from '@temporalio/testing';

async function download(downloadDir: string): Promise<void> {
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
    // One line, for it becomes part of a list.
    console.error(error.message.replaceAll('\n', ' '));
    process.exitCode = 1;
  });
}
