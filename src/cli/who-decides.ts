import { userInfo } from 'node:os';

/** Who runs the command, for those who read later who decided. Not every user has a name. */
export function whoDecides(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    return 'cli';
  }
}
