export { daily, monthly, weekly, type WeeklyOptions, type Weekday } from './calendar';
export {
  isPartitionDomain,
  type AnyDomain,
  type AnyPartition,
  type DomainDescription,
  type KeyRange,
  type ListPartition,
  type PartitionDomain,
  type PartitionOf,
  type ProductPartition,
  type TimePartition,
  type TimeWindow,
} from './domain';
export { hourly } from './hourly';
export { list } from './list';
export { product, type ProductParts } from './product';
export type { TimeDomainOptions } from './time-options';
export { Zone, type ClockChange } from './zone';
