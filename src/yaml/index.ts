export { namedPython, yamlForTapestry, type ExportOptions } from './export-pipeline';
export type { Callables } from './callables';
export {
  loadPipeline,
  loadPipelineFile,
  type LoadedPipeline,
  type LoadPipelineFileOptions,
  type LoadPipelineOptions,
} from './load-pipeline';
export { pipelineJsonSchema } from './json-schema';
export type { PipelineProblem } from './problems';
