/** Commands as they stand in what attackers encode: a program with its operand, a pipe into a shell, a call of a runtime. */
const COMMANDS: readonly RegExp[] = [
  /\b(?:curl|wget|lynx)\b[^\n]{0,80}(?:[a-z]{2,6}:\/\/|\d\.\d|\.[a-z]{2})/i,
  /\b(?:curl|wget) {1,9}(?:-|http)/i,
  /\| {0,4}(?:sudo )?(?:ba|z|da|k)?sh\b/i,
  /\/bin\/(?:ba|z|da|k)?sh\b|\/dev\/(?:tcp|udp)\//i,
  /\b(?:rm -[rf]{1,2}|chmod (?:\+x|[0-7]{3})|mkfifo|nohup|crontab -|nc -[a-z]{0,3}e)\b/i,
  /\b(?:powershell|pwsh|cmd(?:\.exe)?) [-/]\w/i,
  /\b(?:invoke-expression|invoke-webrequest|downloadstring|iex ?\()/i,
  /\b(?:os\.system|os\.popen|subprocess\.\w|child_process|exec[sS]ync|eval ?\(|exec ?\(|__import__|Runtime\.getRuntime)/,
  /\bimport (?:os|socket|subprocess)\b/,
  /\b(?:python\d?|node|perl|ruby|php) -[cerR]\b/,
  /\b(?:cat|cp|scp|tar|zip|base64|less|head)\b[^\n]{0,40} ["']?(?:~|\/etc|\/root|\/home|\$HOME|\.env|\.ssh|\.aws)/i,
  /\bsudo \w|\bbash -[ic]\b|\bssh -\w|\bdd if=|:\(\) ?\{/,
];

/** So much of a decoded text is searched: commands are short. */
const MAX_CHARS = 64 * 1024;

/** The command that stands in a text, if one does. */
export function findCommand(text: string): string | undefined {
  const searched = text.slice(0, MAX_CHARS);
  for (const pattern of COMMANDS) {
    const match = pattern.exec(searched);
    if (match !== null) return match[0].trim();
  }
  return undefined;
}
