'use strict';
/** `npm run test:all`: every test, in groups. */
const { bootstrap, fail } = require('./bootstrap');
const { GROUPS, filesOf } = require('./tests/groups');
const { closing, report, runGroups } = require('./tests/run-groups');

const USAGE = `npm run test:all -- [--group NAME]... [--thorough]

Runs every test and says what each group took beside its budget, in minutes on two cores.

  --group NAME   only this one; may be given several times
  --thorough     many more random cases

${GROUPS.map(({ name, minutes, what }) => `  ${name.padEnd(9)} ${String(minutes).padStart(2)} min  ${what}`).join('\n')}
`;

function chosen(args) {
  const names = [];
  for (let index = 0; index < args.length; index++) {
    const [option, value] = args[index].split('=');
    if (option === '--thorough') process.env['SELVAGE_TEST_THOROUGH'] = 'true';
    else if (option === '--group') names.push(value ?? args[++index]);
    else fail(`unknown argument "${args[index]}"\n\n${USAGE}`);
  }
  const unknown = names.find((name) => !GROUPS.some((group) => group.name === name));
  if (unknown !== undefined || names.includes(undefined))
    fail(`--group takes one of ${GROUPS.map(({ name }) => name).join(', ')}, not "${unknown ?? ''}"`);
  return names.length === 0 ? GROUPS : GROUPS.filter(({ name }) => names.includes(name));
}

async function main(args) {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return;
  }
  const groups = chosen(args).map((group) => ({ ...group, files: filesOf(group) }));
  bootstrap();
  const outcomes = await runGroups(groups.filter(({ files }) => files.length > 0));
  process.stdout.write(`\n${report(outcomes)}\n${closing(outcomes)}`);
  process.exitCode = outcomes.some(({ failed }) => failed.length > 0) ? 1 : 0;
}

void main(process.argv.slice(2));
