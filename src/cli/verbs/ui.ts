import path from 'node:path';
import type { PageServer } from '../../explorer/page-server';
import type { ServerReach } from '../../operations/reach';
import { projectFolder } from '../../node/project-folder';
import type { Backends } from '../../ports';
import type { LoadedFile } from '../files/load-file';
import { flag, type Chosen } from '../options/option';
import { PAGE, SERVER_BESIDE, withServerPort } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { openInBrowser } from '../output/open-in-browser';
import type { Output } from '../output/output';
import { hasResult } from '../process/early-end';
import { Interruption } from '../process/interruption';
import { describePage } from '../show/page-link';
import { EndOfDev, isDevWorker, isFirstDevPage, tellDev } from '../work/dev-processes';
import { verb } from '../table/verb';

const OPTIONS = {
  open: flag('open the page in a browser'),
  ...PAGE,
  ...SERVER_BESIDE,
};

type UiOptions = Chosen<typeof OPTIONS>;

export const addUi = verb({
  name: 'ui',
  summary: 'a page of runs, values, schedules and what waits',
  description:
    'Serves a page that shows recorded and current runs, and starts, signals, ends and resumes them. With a file, the page has forms for its tapestries. ' +
    'Reading is open on this machine; acting takes the token of the link that is printed. Ctrl-C ends it.',
  arguments: { '[file]': 'file that exports tapestries' },
  options: OPTIONS,
  after:
    '\nExamples:\n  $ selvage ui\n  $ selvage ui pipeline.ts --open\n  $ selvage ui --read-only --host 0.0.0.0',
  async work(file: string | undefined, options: UiOptions, output: Output) {
    const isDev = isDevWorker();
    const end = isDev ? new EndOfDev() : new Interruption(output);
    const projectDir = projectFolder(options.projectDir);
    try {
      const { requireProject } = await import('../location/records.js');
      // Without a file to start runs from, a missing project would give an empty page.
      if (file === undefined) requireProject(withServerPort(options));
      const opened = await end.orAsked(openPage(file, projectDir, isDev, options, output));
      if (!opened) return end.exitCode;
      const { page, reach, backends } = opened;
      try {
        if (isDev) tellDev({ pagePort: page.port });
        if (!isDev || isFirstDevPage()) describePage(page, output);
        reach.begin();
        if (options.open && (!isDev || isFirstDevPage())) openInBrowser(page.link, output);
        await end.asked;
        return hasResult(EXIT.ok);
      } finally {
        await page.close();
        await reach.close();
        await backends.close();
      }
    } finally {
      end.stop();
    }
  },
});

interface OpenPage {
  readonly page: PageServer;
  readonly reach: ServerReach;
  readonly backends: Backends;
}

async function openPage(
  file: string | undefined,
  projectDir: string,
  isDev: boolean,
  options: UiOptions,
  output: Output,
): Promise<OpenPage> {
  const { openBackends } = await import('../../backends/index.js');
  const { openFor } = await import('../location/connect.js');
  const { loggerTo } = await import('../location/logging.js');
  const { servePage } = await import('../../explorer/page-server.js');
  const { ServerReach } = await import('../../operations/reach.js');
  const loaded = file === undefined ? undefined : await load(file, isDev);
  const backends = await openBackends({ projectDir, openLate: true });
  // The page is served before the server is reached.
  const reach = new ServerReach(() => openFor(undefined, withServerPort(options), output, { backends }));
  try {
    const page = await servePage({
      backends,
      reach,
      projectDir,
      project: path.basename(projectDir),
      tapestries: loaded?.tapestries ?? [],
      triggers: loaded?.triggers ?? [],
      host: options.host,
      port: options.port,
      hosts: options.publicHost,
      isReadOnly: options.readOnly,
      isReadingClosed: options.requireToken,
      logger: loggerTo(output, { runs: true }),
    });
    return { page, reach, backends };
  } catch (error) {
    await backends.close();
    throw error;
  }
}

/** In `selvage dev`, the worker reports the file's errors; until they are mended, the page has no forms. */
async function load(file: string, isDev: boolean): Promise<LoadedFile | undefined> {
  const { loadFile } = await import('../files/load-file.js');
  const { keepTypeScriptLoadable } = await import('../../user-modules/index.js');
  try {
    const loaded = await loadFile(file);
    keepTypeScriptLoadable();
    return loaded;
  } catch (error) {
    if (isDev) return undefined;
    throw error;
  }
}
