export { CronTrigger, type CronClock } from './trigger';
