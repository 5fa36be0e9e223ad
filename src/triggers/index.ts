export {
  CALENDAR_FIELDS,
  CalendarProblem,
  ruleOfCalendar,
  rulesOfCron,
  type Calendar,
  type CalendarField,
  type CalendarRule,
} from './calendar';
export { cronText, rangesOf, type NumberRange } from './cron-text';
export { cronTrigger } from './cron-trigger';
export type * from './cron-trigger';
export { declareTrigger, isTrigger, triggerName } from './declaration';
export type * from './declaration';
export type { EventMap } from './trigger';
export { chosenTopics, deadLettersOf, isKafkaTrigger, kafkaTrigger, requireOwnGroups } from './kafka';
export type * from './kafka';
export { durationMs, durationWords, type Duration } from '../values/duration';
export { oddTimes, plannedTimes, type DstAnomaly, type TimePlan } from './planned-times';
export { previewTimes, type SchedulePreview } from './preview';
export { OVERLAPS, type Overlap } from './overlaps';
export {
  isSchedule,
  planOfSchedule,
  schedule,
  type ScheduleDeclaration,
  type ScheduledParameters,
  type ScheduleOptions,
  type ScheduleSettings,
} from './schedule';
export type { Acceptance, Trigger, TriggerEvent, TriggerHost, TriggerMetrics } from './trigger';
export {
  revealSecrets,
  standardSecretBytes,
  type Secret,
  type SecretKind,
  type SecretSource,
} from '../authoring/secrets';
export {
  bearer,
  github,
  standardWebhooks,
  type CustomVerifier,
  type RawRequest,
  type StandardWebhooksOptions,
  type StandardWebhooksVerification,
  type Verification,
} from './verification';
export { webhook, webhookSignal } from './webhook';
export type * from './webhook';
export { isValkeyTrigger, valkeyTrigger } from './valkey';
export type * from './valkey';
export { decodeMessage, type DecodingFault, type FormattedValue, type MessageFormat } from './message-format';
