import type { Command } from 'commander';
import type { Does } from '../options/does';
import { addRunFilters, filtersOf, type RunFilters } from '../options/run-filters';
import { addJsonOption, addServerOptions, type ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';

export function addVersions(program: Command, does: Does): void {
  const command = addRunFilters(
    program
      .command('versions')
      .summary('code versions in use, and which are safe to remove')
      .description(
        'Lists the plans of unfinished runs, and the bodies that these still need, with the workers that have them. A body that no unfinished run needs may be removed from the workers.',
      ),
  ).addHelpText(
    'after',
    `
Exit codes: 0 listed.

Examples:
  $ selvage versions
  $ selvage versions --tapestry nightly --json`,
  );
  addServerOptions(addJsonOption(command)).action(does(listVersions));
}

async function listVersions(options: ServerOptions & RunFilters, output: Output): Promise<number> {
  const { requireHistory } = await import('../location/records.js');
  const { withClient } = await import('../location/connect.js');
  const { describeVersions } = await import('../show/versions.js');
  requireHistory(options);
  return await withClient(options, output, async (selvage) => {
    const versions = await selvage.versions(filtersOf(options));
    output.say(describeVersions(versions));
    if (output.json) output.document({ ...versions, server: selvage.location });
    return EXIT.ok;
  });
}
