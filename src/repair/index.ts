export { quickCheck, type QuickCheck } from './sqlite/quick-check';
export type { SalvagedTable } from './sqlite/salvage';
export type { DatabaseRepair } from './repair-database';
export {
  databasesOf,
  repairProject,
  type ProjectRepair,
  type RepairProjectOptions,
  type TemporalRepair,
} from './repair-project';
