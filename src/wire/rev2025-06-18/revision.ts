import { REV_2025_11_25, type Revision } from '../rev2025-11-25/revision.ts';
import { plainForm } from './plain-form.ts';
import { singleBlocks } from './single-blocks.ts';

/** 2025-06-18 lacks url elicitation, titled and multi-select choices, sampling with tools, polling, and tasks. */
export const REV_2025_06_18: Revision = {
  ...REV_2025_11_25,
  version: '2025-06-18',
  primes: false,
  elicitForm: plainForm,
  elicitUrl: false,
  createMessage: singleBlocks,
  declaresContext: false,
  tasks: false,
};
