/** Flechette. Its types say that it is an ES module only, but `require` loads its CommonJS file. */
// @ts-expect-error -- see above
export * from '@uwdata/flechette';
