export { namedPython, yamlForTapestry } from './export-pipeline';
export type { Callables } from './callables';
export { loadPipeline, loadPipelineFile } from './load-pipeline';
export type * from './load-pipeline';
export { pipelineJsonSchema } from './json-schema';
export type { PipelineProblem } from './problems';
