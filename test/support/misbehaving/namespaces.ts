import { execFileSync } from 'node:child_process'

/** Machines of their own for the nodes, as far as the network goes: a namespace each, joined by a switch. */
export interface Namespaces {
  /** Makes the machine of a partner; gives what a node is to be started within, and its address. */
  add(id: string): { readonly within: readonly string[]; readonly ip: string }
  /** Whatever these send to those is lost from now on, without a word. */
  silence(from: readonly string[], to: readonly string[]): void
  heal(): void
  remove(): void
}

interface Machine {
  readonly name: string
  readonly ip: string
  readonly hardware: string
}

const NOBODY = '02:00:00:00:00:fe'
let made = 0

/** Whether namespaces and veth pairs can be made here: needs `ip`, root, and a kernel with both. */
export function hasNamespaces(): boolean {
  const name = `lg${process.pid}x`
  try {
    ip('netns', 'add', name)
    try {
      ip('-n', name, 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two')
      ip('-n', name, 'link', 'add', 'switch', 'type', 'bridge')
      return true
    } finally {
      ip('netns', 'del', name)
    }
  } catch {
    return false
  }
}

/** Nothing in them reaches the machine's own network; {@link Namespaces.remove} takes all of it away. */
export function createNamespaces(): Namespaces {
  sweep()
  const prefix = `lg${process.pid}n${made++}`
  const middle = `${prefix}s`
  const machines = new Map<string, Machine>()
  ip('netns', 'add', middle)
  ip('-n', middle, 'link', 'add', 'switch', 'type', 'bridge')
  ip('-n', middle, 'link', 'set', 'switch', 'up')

  /** Each machine knows the others' hardware; a wrong one loses what is sent there, and the sender is not told. */
  function point(from: Machine, to: Machine, hardware: string): void {
    ip('-n', from.name, 'neigh', 'replace', to.ip, 'lladdr', hardware, 'dev', 'eth0', 'nud', 'permanent')
  }

  return {
    add(id) {
      const number = machines.size + 1
      const name = `${prefix}${number}`
      const machine = { name, ip: `10.213.0.${number}`, hardware: `02:00:00:00:01:0${number}` }
      ip('netns', 'add', name)
      machines.set(id, machine)
      ip('-n', middle, 'link', 'add', `port${number}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      ip('-n', middle, 'link', 'set', `port${number}`, 'master', 'switch', 'up')
      ip('-n', name, 'link', 'set', 'lo', 'up')
      ip('-n', name, 'link', 'set', 'eth0', 'address', machine.hardware, 'up')
      ip('-n', name, 'address', 'add', `${machine.ip}/24`, 'dev', 'eth0')
      for (const other of machines.values()) {
        if (other === machine) continue
        point(machine, other, other.hardware)
        point(other, machine, machine.hardware)
      }
      return { within: ['ip', 'netns', 'exec', name], ip: machine.ip }
    },
    silence(from, to) {
      for (const sender of from) {
        for (const receiver of to) {
          if (sender !== receiver) point(machines.get(sender)!, machines.get(receiver)!, NOBODY)
        }
      }
    },
    heal() {
      for (const sender of machines.values()) {
        for (const receiver of machines.values()) if (sender !== receiver) point(sender, receiver, receiver.hardware)
      }
    },
    remove() {
      for (const { name } of machines.values()) ip('netns', 'del', name)
      ip('netns', 'del', middle)
    }
  }
}

/** Takes away what a run left behind that was killed. */
function sweep(): void {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).matchAll(/^lg(\d+)[nx]\d*s?\b/gm)
  for (const [name, owner] of names) {
    try {
      process.kill(Number(owner), 0)
    } catch {
      ip('netns', 'del', name)
    }
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
