/** The public face of the package. */

export { readEnvironment } from './config/env.ts';
export { loadConfig } from './config/load.ts';
export type { Config, Environment, LoadedConfig } from './config/types.ts';
export { ERRORS, type ErrorCode, type ErrorDefinition, GatewardError } from './errors.ts';
export type { GatewayStatus, ReloadReport, ServerStatus, UpstreamStatus } from './gateway/status.ts';
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
export type { Log, LogFields } from './lib/log.ts';
