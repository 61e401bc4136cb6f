import type { Hit } from './rule.ts';

/** Two screens of a dialog, in lines and in columns: nobody lays out text so, and a dialog shows no end of it. */
const MANY_LINES = 20;
const MANY_BLANKS = 150;

/** Finds runs of blanks or line ends so long that what follows them is out of sight. */
export function findOffScreen(text: string): Hit[] {
  let lines = 0;
  let blanks = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (!isInk(code) && isLineEnd(code)) {
      lines += 1;
      blanks = 0;
    } else if (!isInk(code) && isBlank(code)) {
      blanks += 1;
    } else {
      if (lines >= MANY_LINES) return [hit(`text stands behind ${lines} line ends`)];
      if (blanks >= MANY_BLANKS) return [hit(`text stands behind ${blanks} blanks`)];
      lines = 0;
      blanks = 0;
    }
  }
  return [];
}

function hit(reason: string): Hit {
  return { rule: 'off-screen', severity: 'block', reason };
}

/** What ASCII has of letters and signs. */
function isInk(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x2028 || code === 0x2029;
}

function isBlank(code: number): boolean {
  return (
    code === 0x20 ||
    code === 0x09 ||
    code === 0x0d ||
    code === 0xa0 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}
