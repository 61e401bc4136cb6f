import { describe } from 'vitest';
import { createLocalBus } from '../../src/store/bus/local-bus.ts';
import { busContract } from './contract.ts';

describe('the bus of a process that is alone', () => {
  busContract(async () => {
    const bus = createLocalBus();
    return { a: bus, b: bus };
  });
});
