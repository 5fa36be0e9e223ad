/** Made from the JSON Schemas of OpenLineage 2-0-2 by scripts/open-lineage-types.js. Do not edit. */

export type RunEvent = BaseEvent & {
  eventType?: 'START' | 'RUNNING' | 'COMPLETE' | 'ABORT' | 'FAIL' | 'OTHER';
  run: Run;
  job: Job;
  inputs?: InputDataset[];
  outputs?: OutputDataset[];
  [k: string]: unknown;
};
export type RunFacet = BaseFacet;
export type JobFacet = BaseFacet & {
  _deleted?: boolean;
  [k: string]: unknown;
};
export type InputDataset = Dataset & {
  inputFacets?: {
    [k: string]: InputDatasetFacet;
  };
  [k: string]: unknown;
};
export type DatasetFacet = BaseFacet & {
  _deleted?: boolean;
  [k: string]: unknown;
};
export type InputDatasetFacet = BaseFacet;
export type OutputDataset = Dataset & {
  outputFacets?: {
    [k: string]: OutputDatasetFacet;
  };
  [k: string]: unknown;
};
export type OutputDatasetFacet = BaseFacet;
export type ColumnLineageDatasetFacet = DatasetFacet & {
  fields: {
    [k: string]: {
      inputFields: InputField[];
      /**
       * @deprecated
       */
      transformationDescription?: string;
      /**
       * @deprecated
       */
      transformationType?: string;
      [k: string]: unknown;
    };
  };
  dataset?: InputField[];
  [k: string]: unknown;
};
export type DatasourceDatasetFacet = DatasetFacet & {
  name?: string;
  uri?: string;
  [k: string]: unknown;
};
export type DocumentationJobFacet = JobFacet & {
  description: string;
  contentType?: string;
  [k: string]: unknown;
};
export type ErrorMessageRunFacet = RunFacet & {
  message: string;
  programmingLanguage: string;
  stackTrace?: string;
  [k: string]: unknown;
};
export type JobTypeJobFacet = JobFacet & {
  processingType: string;
  integration: string;
  jobType?: string;
  emissionPattern?: {
    eventTrigger: string;
    eventContentMode: string;
    windowDuration?: number;
    [k: string]: unknown;
  };
  [k: string]: unknown;
};
export type NominalTimeRunFacet = RunFacet & {
  nominalStartTime: string;
  nominalEndTime?: string;
  [k: string]: unknown;
};
export type ParentRunFacet = RunFacet & {
  run: {
    runId: string;
    facets?: {
      [k: string]: RunFacet;
    };
    [k: string]: unknown;
  };
  job: {
    namespace: string;
    name: string;
    facets?: {
      [k: string]: JobFacet;
    };
    [k: string]: unknown;
  };
  root?: {
    run: RootRun;
    job: RootJob;
    [k: string]: unknown;
  };
  [k: string]: unknown;
};
export type ProcessingEngineRunFacet = RunFacet & {
  version: string;
  name?: string;
  openlineageAdapterVersion?: string;
  [k: string]: unknown;
};
export type SchemaDatasetFacet = DatasetFacet & {
  fields?: SchemaDatasetFacetFields[];
  [k: string]: unknown;
};
export type TagsRunFacet = RunFacet & {
  tags?: TagsRunFacetFields[];
  [k: string]: unknown;
};

export interface Specification {
  RunEvent?: RunEvent;
  ColumnLineageDatasetFacet?: ColumnLineageDatasetFacet;
  DatasourceDatasetFacet?: DatasourceDatasetFacet;
  DocumentationJobFacet?: DocumentationJobFacet;
  ErrorMessageRunFacet?: ErrorMessageRunFacet;
  JobTypeJobFacet?: JobTypeJobFacet;
  NominalTimeRunFacet?: NominalTimeRunFacet;
  ParentRunFacet?: ParentRunFacet;
  ProcessingEngineRunFacet?: ProcessingEngineRunFacet;
  SchemaDatasetFacet?: SchemaDatasetFacet;
  TagsRunFacet?: TagsRunFacet;
}
export interface BaseEvent {
  eventTime: string;
  producer: string;
  schemaURL: string;
  [k: string]: unknown;
}
export interface Run {
  runId: string;
  facets?: {
    [k: string]: RunFacet;
  };
  [k: string]: unknown;
}
export interface BaseFacet {
  _producer: string;
  _schemaURL: string;
  [k: string]: unknown;
}
export interface Job {
  namespace: string;
  name: string;
  facets?: {
    [k: string]: JobFacet;
  };
  [k: string]: unknown;
}
export interface Dataset {
  namespace: string;
  name: string;
  facets?: {
    [k: string]: DatasetFacet;
  };
  [k: string]: unknown;
}
export interface InputField {
  namespace: string;
  name: string;
  field: string;
  transformations?: {
    type: string;
    subtype?: string;
    description?: string;
    masking?: boolean;
    [k: string]: unknown;
  }[];
  [k: string]: unknown;
}
export interface RootRun {
  runId: string;
  facets?: {
    [k: string]: RunFacet;
  };
  [k: string]: unknown;
}
export interface RootJob {
  namespace: string;
  name: string;
  facets?: {
    [k: string]: JobFacet;
  };
  [k: string]: unknown;
}
export interface SchemaDatasetFacetFields {
  name: string;
  type?: string;
  description?: string;
  ordinal_position?: number;
  fields?: SchemaDatasetFacetFields[];
  [k: string]: unknown;
}
export interface TagsRunFacetFields {
  key: string;
  value: string;
  source?: string;
  [k: string]: unknown;
}
