import { guardSchema, pinsSchema } from '../../src/config/schema-guard.ts';
import type { PinsConfig, UpstreamGuardConfig } from '../../src/config/types.ts';

/** Pins of an upstream that nobody looks at. */
export const NO_PINS: PinsConfig = { ...pinsSchema.parse({}), mode: 'off' };

/** A guard as the file has it when it says nothing. */
export const USUAL_GUARD: UpstreamGuardConfig = { ...guardSchema.parse({}), sinks: [] };
