import { expect, it } from 'vitest';
import { judgeSystem, stateOfTrial, stateWithout } from './trial.ts';

it.each(['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64'])('%s may have sandboxes', (system) => {
  expect(judgeSystem(system)).toBeUndefined();
});

it.each(['win32-x64', 'linux-riscv64', 'freebsd-x64'])('%s has none, and is told so', (system) => {
  expect(judgeSystem(system)).toEqual({
    can: false,
    reason: `There is no sandbox for ${system}, only for Linux and macOS on x64 and arm64.`,
    cure: undefined,
  });
});

it('names what is missing, and how it is installed', () => {
  const missing = [
    { name: 'bwrap', packageName: 'bubblewrap' },
    { name: 'socat', packageName: 'socat' },
  ];
  expect(stateWithout(missing)).toEqual({
    can: false,
    reason: 'Not on the PATH of the gateway: bwrap, socat.',
    cure: 'apt-get install bubblewrap socat (Debian, Ubuntu), dnf install bubblewrap socat (Fedora), or pacman -S bubblewrap socat (Arch).',
  });
});

it('believes a trial run that ends well', () => {
  expect(stateOfTrial({ how: '0', stderr: 'noise' })).toEqual({ can: true });
});

it('repeats the end of what a trial run says, on one line', () => {
  const state = stateOfTrial({ how: '1', stderr: `${'x'.repeat(9_000)}\nbwrap: No permissions\n` });
  const reason = state.can ? '' : state.reason;
  expect(reason).toMatch(/^A trial run ended with 1: x+ bwrap: No permissions$/);
  expect(reason.length).toBeLessThan(450);
  expect(stateOfTrial({ how: 'SIGKILL', stderr: '' })).toMatchObject({
    reason: 'A trial run ended with SIGKILL.',
  });
});
