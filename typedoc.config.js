'use strict';
const { OptionDefaults } = require('typedoc');
const { exports: entries, homepage, version } = require('./package.json');

const MODULES = Object.entries(entries)
  .filter(([, { types }]) => types !== undefined)
  .map(([name, { types }]) => ({
    name: name.replace('.', 'selvage'),
    source: types.replace(/^\.\/lib\//, 'src/').replace(/\.d\.ts$/, '.ts'),
  }));

/** Modules are called as they are imported, not by where their sources lie. */
function callModulesAsImported(app) {
  app.converter.on('createDeclaration', (_, reflection) => {
    const file = reflection.sources?.[0]?.fullFileName;
    const module = MODULES.find(({ source }) => file?.endsWith(`/${source}`));
    if (module && reflection.parent === reflection.project) reflection.name = module.name;
  });
}

/** `npm run docs:api`: what each entry point of the package exports, from its docstrings, and the pages of `docs/`. */
module.exports = {
  name: 'Selvage',
  readme: 'README.md',
  entryPoints: MODULES.map(({ source }) => source),
  plugin: [callModulesAsImported],
  projectDocuments: ['docs/**/*.md'],
  highlightLanguages: [...OptionDefaults.highlightLanguages, 'diff', 'mermaid', 'python', 'sql'],
  tsconfig: 'tsconfig.build.json',
  // Where a source lies on the web is the package's to say: a clone may have no remote, or a folder for one.
  gitRevision: `v${version}`,
  sourceLinkTemplate: `${homepage.replace('#readme', '')}/blob/{gitRevision}/{path}#L{line}`,
  out: 'reports/api',
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  // A type that only a signature names is shown there; what is exported is what users may rely on.
  validation: { notExported: false },
  treatWarningsAsErrors: true,
};
