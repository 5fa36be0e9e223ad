'use strict';
/**
 * The transform of jest.config.js, which plants the defect of its options into the file that has it. Both transforms have the same cache, so only that file is
 * compiled anew.
 */
const path = require('node:path');
const { createTransformer } = require('@swc/jest');
const { planted } = require('./planted-defects');

const root = path.resolve(__dirname, '../..');

module.exports = {
  createTransformer: ({ defect, swc }) => {
    const transformer = createTransformer(swc);
    const file = defect && path.join(root, defect.file);
    const textOf = (text, name) => (name === file ? planted(defect, text) : text);
    return {
      ...transformer,
      process: (text, name, options) => transformer.process(textOf(text, name), name, options),
      getCacheKey: (text, name, options) => transformer.getCacheKey(textOf(text, name), name, options),
    };
  },
};
