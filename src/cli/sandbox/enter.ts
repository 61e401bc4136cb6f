/**
 * The program that a sandbox starts: it unpacks what is to run and becomes it, so that no process stands between. It is
 * run by the gateway's own Node, and nothing of the program's environment is in force before it is the program.
 */
import { accessSync, constants } from 'node:fs';
import { readEnvironment } from '../../config/env.ts';
import { environmentInside, unpackOrder } from '../../guard/launch/sandbox/order.ts';

const { variables } = readEnvironment();
const order = unpackOrder(variables);
process.chdir(order.cwd);
// Where it cannot be run, this says so in one line; execve would end in a dump.
accessSync(order.file, constants.X_OK);
process.execve?.(order.file, [order.argv0, ...order.args], environmentInside(order, variables));
