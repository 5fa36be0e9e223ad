import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

type RawBuild = temporal.api.deployment.v1.IWorkerDeploymentVersion;
type RawQueue = temporal.api.taskqueue.v1.ITaskQueueVersioningInfo;
type RawPoller = temporal.api.taskqueue.v1.IPollerInfo;

/** VersioningBehavior.VERSIONING_BEHAVIOR_PINNED. */
const PINNED: unknown = 1;
/** WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED. */
const VERSIONED: unknown = 2;
/** The build of workers that use no worker versioning. */
const NONE = '';

/** The build that a run is pinned to; undefined if the run continues with the current build. */
export function pinnedBuild({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): string | undefined {
  const { behavior, deploymentVersion, versioningOverride, versionTransition } =
    raw.workflowExecutionInfo?.versioningInfo ?? {};
  if (versionTransition) return nameOf(versionTransition.deploymentVersion);
  if (versioningOverride?.autoUpgrade) return undefined;
  const pinned = versioningOverride?.pinned?.version ?? (behavior === PINNED ? deploymentVersion : undefined);
  return pinned ? nameOf(pinned) : undefined;
}

export function buildOf({ deploymentOptions }: RawPoller): string {
  return deploymentOptions?.workerVersioningMode === VERSIONED ? nameOf(deploymentOptions) : NONE;
}

interface WantedBuild {
  readonly name: string;
  /** For people. */
  readonly words: string;
}

/** The build that gets the work; undefined if any build may get it, as Temporal is moving between two. */
export function wantedBuild(
  queue: RawQueue | null | undefined,
  pinned: string | undefined,
): WantedBuild | undefined {
  if (pinned !== undefined)
    return { name: pinned, words: `no worker of ${wordsOf(pinned)}, to which the run is pinned` };
  const { currentDeploymentVersion: current, rampingVersionPercentage: ramping } = queue ?? {};
  if (ramping) return undefined;
  if (!current)
    return { name: NONE, words: 'no worker without a build, and no build is current in Temporal' };
  return { name: nameOf(current), words: `no worker of ${wordsOf(nameOf(current))}, which is current` };
}

/** Describes a build for people, such as `build "2" of deployment "app"`. */
export function wordsOf(build: string): string {
  if (build === NONE) return 'workers without a build';
  const [deployment, id] = JSON.parse(build) as [string, string];
  return `build ${JSON.stringify(id)} of deployment ${JSON.stringify(deployment)}`;
}

function nameOf(build: RawBuild | null | undefined): string {
  const { deploymentName, buildId } = build ?? {};
  return deploymentName || buildId ? JSON.stringify([deploymentName ?? '', buildId ?? '']) : NONE;
}
