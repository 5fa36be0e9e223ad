'use strict';
/**
 * `node scripts/open-lineage-types.js` writes the types of OpenLineage's events from the specification's own schemas, which
 * are in test/support/open-lineage; with `--check` it only compares the two.
 */
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const schemas = path.join(root, 'test/support/open-lineage');
const file = path.join(root, 'src/adapters/open-lineage/specification.ts');
const CORE = 'https://openlineage.io/spec/2-0-2/OpenLineage.json';

const read = (name) => JSON.parse(fs.readFileSync(path.join(schemas, name), 'utf8'));

async function typesOfSpecification() {
  const { compile } = require('json-schema-to-typescript');
  const core = read('OpenLineage.json');
  const names = fs.readdirSync(path.join(schemas, 'facets')).sort();
  const $defs = { RunEvent: core.$defs.RunEvent, ...core.$defs };
  for (const name of names) Object.assign($defs, read(`facets/${name}`).$defs);
  // What is used of the specification, so that it is written, and nothing else.
  const facets = names.map((name) => path.basename(name, '.json'));
  const properties = Object.fromEntries(
    ['RunEvent', ...facets].map((name) => [name, { $ref: `#/$defs/${name}` }]),
  );
  const all = { title: 'Specification', type: 'object', additionalProperties: false, properties, $defs };
  // Descriptions stay in the schemas, and so does that every type may have further fields: we write none.
  const isLeftOut = (key, value) =>
    (key === 'description' && typeof value === 'string') ||
    (key === 'additionalProperties' && value === true);
  const text = JSON.stringify(all, (key, value) => (isLeftOut(key, value) ? undefined : value)).replaceAll(
    `${CORE}#`,
    '#',
  );
  const style = { singleQuote: true, printWidth: 110, trailingComma: 'all' };
  return await compile(JSON.parse(text), 'Specification', {
    bannerComment: `/** Made from the JSON Schemas of OpenLineage 2-0-2 by scripts/open-lineage-types.js. Do not edit. */`,
    additionalProperties: false,
    style,
  });
}

async function main(isCheck) {
  const types = await typesOfSpecification();
  if (!isCheck) fs.writeFileSync(file, types);
  else if (fs.readFileSync(file, 'utf8') !== types) {
    process.stderr.write(`${file} is not what the schemas say: run node scripts/open-lineage-types.js\n`);
    process.exitCode = 1;
  }
}

void main(process.argv.includes('--check'));
