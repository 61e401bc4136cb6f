import { sequencesOf } from './read-steps.ts';
import type { Sequence } from './sequence.ts';

/** Sequences that take the model's instructions away from it. */
const AGAINST_INSTRUCTIONS: readonly Sequence[] = [
  ...sequencesOf(
    {
      rule: 'override-instructions',
      reason: 'tells the model to drop its instructions',
      mayBeMentioned: true,
    },
    'override 4 prior 3 instruction',
    'override 3 instruction 4 prior',
    'prior 2 instruction 5 override',
    'override 3 any 3 prior 1 directive|join',
    'override 2 prior 1 join',
    'override 3 any|user 3 instruction!data',
    'override 4 safety',
    'override 3 conversation',
    'safety 5 override',
    'bypass 3 prior 3 instruction!data',
    'bypass 3 prior 3 conversation',
    'bypass 3 any 3 prior 3 conversation',
    'bypass 2 user 3 instruction|safety',
    'bypass 2 any 1 user 3 instruction',
  ),
  ...sequencesOf(
    { rule: 'bypass-checks', reason: 'stands outside security checks', mayBeMentioned: true },
    'bypass 3 safety',
  ),
  ...sequencesOf(
    { rule: 'persona', reason: 'gives the model another role without its limits', mayBeMentioned: true },
    'persona 14 override|safety|bypass|conceal',
    'persona 14 prior 3 instruction',
    'persona 14 persona',
    'persona 14 obey 4 any',
    'override 10 persona',
  ),
  ...sequencesOf(
    { rule: 'obey-content', reason: 'makes instructions of what a tool returns', mayBeMentioned: true },
    'obey 3 any 3 instruction 8 data',
    'obey&directive 2 instruction',
    'data 4 obey&directive 3 instruction',
    'obey 6 data 5 role',
    'obey&any 6 data',
  ),
  ...sequencesOf(
    {
      rule: 'role-marker',
      reason: 'speaks as the system or to the model, and steers it',
      isLong: true,
      mayBeMentioned: true,
    },
    'role 25 override|place|exfiltrate|persona|conceal',
    'role 12 directive 12 credential|conversation',
    'role 12 directive 8 send 10 external',
    'role 12 directive 3 call 4 tool 12 send|carry|read',
    'role 10 not 2 tell 4 user',
  ),
];

/** Sequences that carry data away. */
const CARRYING_AWAY: readonly Sequence[] = [
  ...sequencesOf(
    { rule: 'secret-to-sink', reason: 'reads a secret and carries it elsewhere', isLong: true },
    'place 20 send 12 external',
    'send 8 place 12 external',
    'read 6 credential 12 send 10 external',
    'directive 14 read 6 place 14 carry|send|argument',
    'directive 3 carry 3 read 4 place',
    'read 2 any|user 2 credential 6 carry|send 8 argument|external',
    'directive 6 call 3 tool 3 read 5 credential',
  ),
  ...sequencesOf(
    { rule: 'secret-to-sink', reason: 'carries a secret to somebody else' },
    'send 4 credential 6 external',
    'conceal 2 carry 8 external|conversation',
    'read 4 place 6 argument',
    'carry 8 place 8 argument',
    'place 8 carry 8 argument',
    'join&directive 3 read 5 place',
  ),
  ...sequencesOf(
    { rule: 'secret-to-sink', reason: 'handles a secret unseen' },
    'conceal 10 place|credential',
    'place 10 conceal',
    'read 5 credential 10 conceal',
  ),
  ...sequencesOf(
    { rule: 'secret-to-sink', reason: 'reads a file that holds secrets', severity: 'info' },
    'read 4 place',
    'place 8 send',
  ),
  ...sequencesOf(
    { rule: 'conversation-to-sink', reason: 'carries the conversation elsewhere', mayBeMentioned: true },
    'send 10 conversation&user',
    'send 4 conversation 10 external',
    'carry 5 conversation&user 10 argument',
    'conversation&user 6 carry 6 argument',
    'conceal 10 conversation',
  ),
  ...sequencesOf(
    { rule: 'conversation-to-sink', reason: 'makes the model tell its prompt', mayBeMentioned: true },
    'directive 4 carry&tell 4 conversation&instruction',
  ),
  ...sequencesOf(
    { rule: 'exfiltration', reason: 'steals data', mayBeMentioned: true },
    'exfiltrate 8 place|credential|conversation|data',
    'call 3 exfiltrate',
  ),
  ...sequencesOf({ rule: 'exfiltration', reason: 'speaks of stealing data', severity: 'info' }, 'exfiltrate'),
  ...sequencesOf(
    { rule: 'side-channel', reason: 'sends data to somebody else beside its purpose', mayBeMentioned: true },
    'join&directive 3 send 8 external',
    'conceal 2 send',
    'send 8 external 8 conceal',
  ),
];

/** Sequences that keep the user out, or reach for other tools. */
const STEERING: readonly Sequence[] = [
  ...sequencesOf(
    {
      rule: 'concealment',
      reason: 'keeps from the user what is done with data',
      isLong: true,
      mayBeMentioned: true,
    },
    'call|carry|send|directive|read 15 conceal&user',
    'user 3 not 3 tell 15 send|conceal|credential|place|conversation|exfiltrate|change',
    'send|conceal|place|conversation|exfiltrate|change 15 user 3 not 3 tell',
    'not 2 tell 4 user 12 send|conceal|credential|place|conversation|exfiltrate',
    'send|credential|place|conceal|conversation|exfiltrate 20 not 2 tell 4 user',
    'conceal 2 change|execute|exfiltrate',
  ),
  ...sequencesOf(
    {
      rule: 'concealment',
      reason: 'asks to keep something from the user',
      severity: 'warn',
      mayBeMentioned: true,
    },
    'not 2 tell 4 user',
    'not 2 tell 2 any 2 instruction',
  ),
  ...sequencesOf(
    { rule: 'no-confirmation', reason: "orders an action without the user's consent", mayBeMentioned: true },
    'directive 10 send|carry|execute|change 10 not&any 4 consent',
    'call 3 any 3 instruction|execute 8 not&any 3 consent',
  ),
  ...sequencesOf(
    {
      rule: 'steers-other-tool',
      reason: 'changes what happens when another tool is used',
      mayBeMentioned: true,
    },
    'when 4 tool&argument 5 call 8 change',
    'when 4 call 3 tool&argument 8 change',
    'any 6 tool&argument 6 send 4 tool',
    'any 3 instruction|data 3 directive 3 send 4 tool',
    'when 4 tool&argument 5 call 10 external!data',
    'change 4 tool&argument',
    'directive 2 change',
  ),
  ...sequencesOf(
    { rule: 'steers-other-tool', reason: 'makes other tools a step on the way outside', isLong: true },
    'when 3 call 4 tool 6 call 3 tool 12 send 6 external',
  ),
  ...sequencesOf(
    { rule: 'waits-for-approval', reason: 'announces harm for the time after approval' },
    'when 6 consent 25 exfiltrate|conceal|place|conversation',
    'when 3 tool 4 consent 12 execute',
    'exfiltrate 10 when 6 consent',
  ),
  ...sequencesOf(
    { rule: 'preference', reason: 'asks to be preferred to other tools', severity: 'info' },
    'directive 2 call 3 tool 8 not|prior|any 4 tool',
  ),
];

/** All sequences, the gravest of each rule first. */
export const SEQUENCES: readonly Sequence[] = [...AGAINST_INSTRUCTIONS, ...CARRYING_AWAY, ...STEERING];
