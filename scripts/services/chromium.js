'use strict';
/** `node scripts/services/chromium.js`: the path of a Chromium, which is installed if there is none. Exit code 4: it cannot be had here. */
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable, aptInstall, obtain } = require('./install');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const UNAVAILABLE = 4;

function installed() {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(fs.existsSync);
}

const ways = [
  {
    tried: 'apt-get install chromium',
    find: installed,
    // Without fonts, pictures of pages have no letters.
    install: () => aptInstall(['chromium', 'fonts-dejavu-core', 'fonts-noto-core']),
  },
];

async function main() {
  const say = (text) => process.stderr.write(`services: chromium: ${text}\n`);
  const remedy = 'Install Chromium, or name one in SELVAGE_TEST_CHROMIUM.';
  process.stdout.write(
    `${process.env.SELVAGE_TEST_CHROMIUM || (await obtain('chromium', ways, say, remedy))}\n`,
  );
}

main().catch((error) => {
  process.stderr.write(`services: chromium: ${error.message}\n`);
  process.exitCode = error instanceof Unavailable ? UNAVAILABLE : 1;
});
