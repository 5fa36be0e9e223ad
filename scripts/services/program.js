'use strict';
/** `node scripts/services/program.js NAME`: the path of a program, which is installed if there is none. Exit code 4: it cannot be had here. */
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable, aptInstall, obtain } = require('./install');

const UNAVAILABLE = 4;

const PROGRAMS = {
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    // Without fonts, pictures of pages have no letters.
    packages: ['chromium', 'fonts-dejavu-core', 'fonts-noto-core'],
  },
  promtool: { names: ['promtool'], packages: ['prometheus'] },
};

async function main([name]) {
  const { names, packages } = PROGRAMS[name];
  const variable = `SELVAGE_TEST_${name.toUpperCase()}`;
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
  const way = {
    tried: `apt-get install ${packages[0]}`,
    find: () => names.flatMap((one) => folders.map((folder) => path.join(folder, one))).find(fs.existsSync),
    install: () => aptInstall(packages),
  };
  const say = (text) => process.stderr.write(`services: ${name}: ${text}\n`);
  const remedy = `Install ${name}, or name one in ${variable}.`;
  process.stdout.write(`${process.env[variable] || (await obtain(name, [way], say, remedy))}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`services: ${error.message}\n`);
  process.exitCode = error instanceof Unavailable ? UNAVAILABLE : 1;
});
