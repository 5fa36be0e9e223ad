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
export {
  cronTrigger,
  type CronTriggerDeclaration,
  type CronTriggerOptions,
  type CronTriggerSettings,
} from './cron-trigger';
export {
  declareTrigger,
  isTrigger,
  triggerName,
  type TriggerDeclaration,
  type TriggerKind,
} from './declaration';
export type { EventMap } from './trigger';
export {
  chosenTopics,
  deadLettersOf,
  isKafkaTrigger,
  kafkaTrigger,
  requireOwnGroups,
  validated,
  type KafkaBatchOptions,
  type KafkaMessage,
  type KafkaMessageOptions,
  type KafkaSettings,
  type KafkaTriggerDeclaration,
  type KafkaTriggerOptions,
  type KafkaValue,
} from './kafka';
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
export {
  webhook,
  webhookSignal,
  type CheckedWebhook,
  type CheckedWebhookSignal,
  type WebhookBody,
  type WebhookDeclaration,
  type WebhookEvent,
  type WebhookLimits,
  type WebhookOptions,
  type WebhookSignalDeclaration,
  type WebhookSignalOptions,
} from './webhook';
export {
  isValkeyTrigger,
  valkeyTrigger,
  type ValkeyChannelOptions,
  type ValkeyChannelSettings,
  type ValkeyEntry,
  type ValkeyMessage,
  type ValkeySettings,
  type ValkeyStreamOptions,
  type ValkeyStreamSettings,
  type ValkeyTriggerDeclaration,
  type ValkeyTriggerOptions,
} from './valkey';
export type { FormattedValue, MessageFormat } from './message-format';
