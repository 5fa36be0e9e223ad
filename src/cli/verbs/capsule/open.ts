import { randomBytes } from 'node:crypto';
import type { Capsule, CapsuleCheck } from '../../../capsule';
import { flag, unless, valued, type Chosen } from '../../options/option';
import { JSON_DOCUMENT, STACKS, listeningPort } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { formatTime, plural } from '../../output/format';
import { openInBrowser } from '../../output/open-in-browser';
import type { Output } from '../../output/output';
import { commandLine } from '../../output/typed-commands';
import { hasResult } from '../../process/early-end';
import { Interruption } from '../../process/interruption';
import { tellAbsent } from '../../show/absent-values';
import { verb } from '../../table/verb';

const OPTIONS = {
  check: flag('only check the file, and say what it has'),
  port: valued('<number>', 'port of the page; 0: any that is free (default: any)', { read: listeningPort }),
  browser: unless('print the address, and open no browser'),
  ...STACKS,
  ...JSON_DOCUMENT,
};

type OpenOptions = Chosen<typeof OPTIONS>;

export const addCapsuleOpen = verb({
  name: 'open',
  summary: 'open the file of a capsule as a page',
  description:
    'Checks a file of `selvage capsule`, lists its content, and serves the page of `selvage ui` over it, in your browser. ' +
    'Needs no project, server or network. Nothing can be acted on. Ctrl-C ends it.',
  arguments: { '<file>': '' },
  options: OPTIONS,
  after:
    '\nExamples:\n  $ selvage capsule open nightly-1f2e3d4c5b6a.selvage.html\n  $ selvage capsule open nightly-1f2e3d4c5b6a.selvage.html --check',
  async work(file: string, options: OpenOptions, output: Output) {
    const { readCapsule } = await import('../../../capsule/index.js');
    const capsule = await readCapsule(file);
    const counts = capsule.check();
    tellCapsule(capsule, counts, output);
    if (output.json) {
      const { run, runs, fingerprint = null, absent, redacted, madeAt, madeBy } = capsule;
      const ids = runs.map(({ run_id }) => run_id);
      output.document({ file, run, runs: ids, fingerprint, counts, absent, redacted, madeAt, madeBy });
    }
    // `--json` is for programs, which need no page.
    if (options.check || output.json) return EXIT.ok;
    return await showCapsule(capsule, options, output);
  },
});

async function showCapsule(
  capsule: Capsule,
  { port = 0, browser }: OpenOptions,
  output: Output,
): Promise<number> {
  const end = new Interruption(output);
  try {
    const { capsuleData } = await import('../../../capsule/page.js');
    const { servePage } = await import('../../../explorer/page-server.js');
    const { loggerTo } = await import('../../location/logging.js');
    const { backends, reach, project } = capsuleData(capsule);
    const page = await servePage({
      backends,
      reach,
      project,
      projectDir: process.cwd(),
      // A token that is never printed: a capsule has no acts to protect.
      token: randomBytes(32).toString('base64url'),
      tapestries: [],
      triggers: [],
      port,
      isReadOnly: true,
      // Secrets need no hiding: the file shows the same without a server, and its writer decided what it contains.
      areSecretsShown: true,
      logger: loggerTo(output),
    });
    try {
      const url = new URL(`runs/${encodeURIComponent(capsule.run.run_id)}`, page.url).href;
      output.say(`The page: ${url}`);
      if (browser) openInBrowser(url, output);
      await end.asked;
      return hasResult(EXIT.ok);
    } finally {
      await page.close();
    }
  } finally {
    end.stop();
  }
}

function tellCapsule(
  { file, run, runs, fingerprint, absent, redacted, madeAt, madeBy }: Capsule,
  { records, intact, leftOut, unchecked }: CapsuleCheck,
  output: Output,
): void {
  const has = [
    fingerprint === undefined
      ? `${plural(records, 'record')} (not checked: the file is of format 1)`
      : `${plural(records, 'record')} as they were made`,
    `${plural(intact, 'value')} intact`,
    `${leftOut} left out`,
    ...(unchecked > 0 ? [`${unchecked} not checked: their digest key is not at hand`] : []),
  ].join(', ');
  const lines: [string, string | null][] = [
    ['Tapestry', run.tapestry],
    ['Status', run.status],
    ['Started', formatTime(run.started_at)],
    ['Commit', run.vcs_commit],
    ['Runs', runs.length > 1 ? runs.map(({ run_id }) => run_id).join(', ') : null],
    ['Has', has],
    ['Hash', fingerprint ?? null],
    ['Redacted', redacted.join(', ') || null],
    [
      'Made',
      `${formatTime(madeAt)} by Selvage ${madeBy.selvage}, Node.js ${madeBy.node}, ${madeBy.platform}`,
    ],
  ];
  output.say(
    [
      output.bold(run.run_id),
      ...lines.filter(([, text]) => text).map(([name, text]) => `  ${output.dim(name.padEnd(9))} ${text}`),
    ].join('\n'),
  );
  tellAbsent(absent, output);
  output.say(`What came of it: ${commandLine(['runs', 'show', run.run_id, '--capsule', file])}`);
}
