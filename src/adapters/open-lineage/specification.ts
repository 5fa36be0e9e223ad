/** Made from the JSON Schemas of OpenLineage 2-0-2 by scripts/open-lineage-types.js. Do not edit. */

export type RunEvent = BaseEvent & {
  eventType?: 'START' | 'RUNNING' | 'COMPLETE' | 'ABORT' | 'FAIL' | 'OTHER';
  run: Run;
  job: Job;
  inputs?: InputDataset[];
  outputs?: OutputDataset[];
};
export type RunFacet = BaseFacet;
export type JobFacet = BaseFacet & {
  _deleted?: boolean;
};
export type InputDataset = Dataset & {
  inputFacets?: {
    [k: string]: InputDatasetFacet;
  };
};
export type DatasetFacet = BaseFacet & {
  _deleted?: boolean;
};
export type InputDatasetFacet = BaseFacet;
export type OutputDataset = Dataset & {
  outputFacets?: {
    [k: string]: OutputDatasetFacet;
  };
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
    };
  };
  dataset?: InputField[];
};
export type DatasourceDatasetFacet = DatasetFacet & {
  name?: string;
  uri?: string;
};
export type DocumentationJobFacet = JobFacet & {
  description: string;
  contentType?: string;
};
export type ErrorMessageRunFacet = RunFacet & {
  message: string;
  programmingLanguage: string;
  stackTrace?: string;
};
export type JobTypeJobFacet = JobFacet & {
  processingType: string;
  integration: string;
  jobType?: string;
  emissionPattern?: {
    eventTrigger: string;
    eventContentMode: string;
    windowDuration?: number;
  };
};
export type NominalTimeRunFacet = RunFacet & {
  nominalStartTime: string;
  nominalEndTime?: string;
};
export type ParentRunFacet = RunFacet & {
  run: {
    runId: string;
    facets?: {
      [k: string]: RunFacet;
    };
  };
  job: {
    namespace: string;
    name: string;
    facets?: {
      [k: string]: JobFacet;
    };
  };
  root?: {
    run: RootRun;
    job: RootJob;
  };
};
export type ProcessingEngineRunFacet = RunFacet & {
  version: string;
  name?: string;
  openlineageAdapterVersion?: string;
};
export type SchemaDatasetFacet = DatasetFacet & {
  fields?: SchemaDatasetFacetFields[];
};
export type TagsRunFacet = RunFacet & {
  tags?: TagsRunFacetFields[];
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
}
export interface Run {
  runId: string;
  facets?: {
    [k: string]: RunFacet;
  };
}
export interface BaseFacet {
  _producer: string;
  _schemaURL: string;
}
export interface Job {
  namespace: string;
  name: string;
  facets?: {
    [k: string]: JobFacet;
  };
}
export interface Dataset {
  namespace: string;
  name: string;
  facets?: {
    [k: string]: DatasetFacet;
  };
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
  }[];
}
export interface RootRun {
  runId: string;
  facets?: {
    [k: string]: RunFacet;
  };
}
export interface RootJob {
  namespace: string;
  name: string;
  facets?: {
    [k: string]: JobFacet;
  };
}
export interface SchemaDatasetFacetFields {
  name: string;
  type?: string;
  description?: string;
  ordinal_position?: number;
  fields?: SchemaDatasetFacetFields[];
}
export interface TagsRunFacetFields {
  key: string;
  value: string;
  source?: string;
}
