/** How grave a finding is: `block` keeps the tool away, `warn` is for a person to look at, `info` is a remark. */
export type Severity = 'block' | 'warn' | 'info';

/** One rule of the scanner, as docs/scan.md and SARIF list it. */
export interface Rule {
  /** The gravest that the rule gives; a finding may be milder. */
  readonly severity: Severity;
  /** What it finds, in one sentence. */
  readonly text: string;
}

const define = <T extends Record<string, Rule>>(rules: T): T => rules;
const block = (text: string): Rule => ({ severity: 'block', text });
const warn = (text: string): Rule => ({ severity: 'warn', text });

/** Every rule of the scanner of definitions. A key is the stable id of a rule; docs/scan.md explains each. */
export const RULES = define({
  'invisible-character': block('A character that people cannot see stands in the text.'),
  'bidi-control': block('A control character changes the direction in which text is shown.'),
  'variation-selector': block('A variation selector stands where it changes no emoji.'),
  'tag-character': block('Tag characters spell text that only a model reads.'),
  'control-character': block('A control character stands in the text.'),
  'terminal-escape': block('A terminal escape can hide or rewrite what is shown.'),
  'private-use': block('A private-use character, noncharacter or lone surrogate has no public meaning.'),
  'off-screen': block('A long run of blanks or line ends pushes text out of sight.'),
  'mixed-script': block('A word mixes Latin letters with look-alikes of another script.'),
  'look-alike-name': block('The name looks like the name of another tool.'),
  'same-name': warn('Another server has a tool of this name.'),
  'names-other-tool': warn('The text names a tool of another server.'),
  'active-content': block('The text holds markup that runs a script or calls home where it is shown.'),
  'encoded-command': block('Encoded text holds a command for a shell or an interpreter.'),
  'encoded-instruction': block('Encoded text holds what another rule would block.'),
  'override-instructions': block('The text tells the model to drop the instructions that it has.'),
  'bypass-checks': block('The text claims to stand outside security checks or approval.'),
  'role-marker': block('The text speaks as the system or to the model, and steers it.'),
  persona: block('The text gives the model another role without its limits.'),
  'obey-content': block('The text makes instructions of whatever a tool returns.'),
  'secret-to-sink': block('A secret is read and carried somewhere else.'),
  'conversation-to-sink': block('The conversation or the prompt is carried somewhere else.'),
  exfiltration: block('The text speaks of stealing data.'),
  'side-channel': block('Beside its purpose, the tool sends data to somebody else.'),
  concealment: block('Something is to be kept from the user.'),
  'no-confirmation': block("The text orders an action without the user's consent."),
  'steers-other-tool': block('The text changes what happens when another tool is used.'),
  'waits-for-approval': block('Harm is announced for the time after approval.'),
  'read-only-claim': block('A tool that claims to be read-only has a switch for writing.'),
  preference: block('The text demands to be used in place of other tools, or asks to be preferred.'),
  'likely-poisoned': block('A part reads like what poisoned tools say, by the words in it and their order.'),
  'too-large': warn('The definition is too large or too deep to be looked at whole.'),
});

/** The stable id of a rule. */
export type RuleId = keyof typeof RULES;

/** What a layer found in one string. */
export interface Hit {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly reason: string;
}

/** A hit with its place: `index` and `tool` name the definition, `path` is a JSON Pointer (RFC 6901) in it. */
export interface Finding extends Hit {
  readonly index: number;
  readonly tool: string;
  readonly path: string;
}
